/** Stands in for the shaders that a build packs into the bundle: empty wherever shaders are imported as their own text. */
export const packedShaders = '';
