/** The like of packed-rare-shaders.ts for weights and pages that are stored otherwise than by default. */
export const packedFormatShaders = '';
