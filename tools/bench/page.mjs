/** The half of `bench` that runs in the page: one engine of the built library, called from outside. */
/* global navigator */

let engine;

/** Loads a model and tells whether the page's adapter is a program on the CPU. */
export async function load(url, options) {
  const { Engine } = await import('/dist/index.js');
  engine = await Engine.load(url, options);
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter.info.isFallbackAdapter;
}

/** Generates exactly `maxTokens` tokens after the prompt. */
export async function complete(promptIds, maxTokens) {
  const request = { prompt: promptIds, max_tokens: maxTokens, temperature: 0, ignore_eos: true };
  const { usage } = await engine.completions.create(request);
  if (usage.completion_tokens !== maxTokens) {
    throw new Error(`${usage.completion_tokens} tokens were generated, not ${maxTokens}.`);
  }
}

export const stats = () => engine.stats();

export const dispose = () => engine.dispose();
