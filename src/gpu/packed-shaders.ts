/** Stands in for the shaders that a build packs into the bundle: empty wherever shaders are imported as their own text. */
export const packedShaders = '';

/** Begins a reference into the pack: no WGSL begins with it. */
export const packReference = '#';
