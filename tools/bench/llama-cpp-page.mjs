/** The half of the llama.cpp peer that runs in a page: WebAssembly through wllama, one thread, no GPU. */
/* global performance */

let wllama;

/** Loads a GGUF file; returns milliseconds and llama.cpp's version. */
export async function load(url, contextTokens) {
  const startedAt = performance.now();
  const { Wllama } = await import('/wllama/index.js');
  wllama = new Wllama({ default: '/wllama/wasm/wllama.wasm' }, { suppressNativeLog: true });
  const model = await (await fetch(url)).blob();
  await wllama.loadModel([model], { n_ctx: contextTokens, n_threads: 1, n_gpu_layers: 0, n_parallel: 1 });
  return { loadMs: performance.now() - startedAt, version: Wllama.getLibllamaVersion() };
}

/** llama.cpp's own timings of one request. */
export async function complete(prompt, maxTokens) {
  // llama.cpp knows more settings than wllama's types do.
  const request = { prompt, max_tokens: maxTokens, temperature: 0, ignore_eos: true, cache_prompt: false };
  const { timings } = await wllama.createCompletion(request);
  return timings;
}

export const close = () => wllama.exit();
