/** The like of packed-shaders.ts for shaders that few loads need, in a script that is fetched when one of them is used. */
export const packedRareShaders = '';
