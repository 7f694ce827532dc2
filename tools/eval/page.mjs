/** The half of `eval` that runs in the page: one engine of the built library, called from outside. */

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

/** Answers greedily; fields are those of the bench's `EvalAnswer`. */
export async function answer({ document, messages, maxTokens, isExact }) {
  const { choices, usage } = await engine.chat.completions.create({
    messages,
    document: { text: document },
    max_tokens: maxTokens,
    temperature: 0,
    exact: isExact,
  });
  return {
    text: choices[0].message.content,
    numPromptTokens: usage.prompt_tokens,
    numCachedTokens: usage.prompt_tokens_details.cached_tokens,
    numTokens: usage.completion_tokens,
  };
}

export const stats = () => engine.stats();

export const dispose = () => engine.dispose();
