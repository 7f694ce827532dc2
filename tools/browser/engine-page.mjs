/** Runs in a page: one engine of the built library, called from outside. */
/* global navigator */

let engine;

/** Loads a model. Returns what kept it from loading, since errors lose their code on the way out of a page. */
export async function load(url, options) {
  const { Engine } = await import('/dist/index.js');
  try {
    engine = await Engine.load(new URL(url, globalThis.location.href).href, options);
    return undefined;
  } catch ({ name, code, message }) {
    return { code: code ?? name, message };
  }
}

/** Whether the page's adapter is a program on the CPU. */
export async function isSoftware() {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  return adapter.info.isFallbackAdapter;
}

export const chat = (request) => engine.chat.completions.create(request);

export const complete = (request) => engine.completions.create(request);

export const stats = () => engine.stats();

export const headProfile = () => engine.headProfile();

export const dispose = () => engine.dispose();
