/** A shader file, imported as its source text (see tools/vite/wgsl-plugin.ts). */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
