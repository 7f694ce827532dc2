/** Runs in a page: llama.cpp as WebAssembly through wllama, one thread, no GPU. */

let wllama;

/** Loads a GGUF file; returns llama.cpp's version. Keys and values are f32. */
export async function load(url, contextTokens) {
  const { Wllama } = await import('/wllama/index.js');
  wllama = new Wllama({ default: '/wllama/wasm/wllama.wasm' }, { suppressNativeLog: true });
  const model = await (await fetch(url)).blob();
  await wllama.loadModel([model], {
    n_ctx: contextTokens,
    n_threads: 1,
    n_gpu_layers: 0,
    n_parallel: 1,
    cache_type_k: 'f32',
    cache_type_v: 'f32',
    flash_attn: false,
  });
  return Wllama.getLibllamaVersion();
}

/** The most probable tokens of each greedy step after a text, to which llama.cpp adds what the file says. */
export async function complete(prompt, numSteps, numTop) {
  // llama.cpp knows more settings than wllama's types do.
  const request = {
    prompt,
    max_tokens: numSteps,
    temperature: 0,
    n_probs: numTop,
    ignore_eos: true,
    cache_prompt: false,
  };
  const { choices, usage } = await wllama.createCompletion(request);
  const steps = choices[0].logprobs.content.map(({ top_logprobs: top }) => ({
    ids: top.map(({ id }) => id),
    logprobs: top.map(({ logprob }) => logprob),
  }));
  return { steps, promptTokens: usage.prompt_tokens };
}

export const close = () => wllama.exit();
