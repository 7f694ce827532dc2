/** The half of `profile` that runs in the page: one engine of the built library, called from outside. */

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

/** Answers or continues greedily; returns the number of tokens. */
export async function write({ text, question, maxTokens }) {
  const common = { max_tokens: maxTokens, temperature: 0 };
  const { usage } = question
    ? await engine.chat.completions.create({
        ...common,
        messages: [{ role: 'user', content: question }],
        document: { text },
      })
    : await engine.completions.create({ ...common, prompt: text, ignore_eos: true });
  return usage.completion_tokens;
}

export const headProfile = () => engine.headProfile();

export const dispose = () => engine.dispose();
