/** A service worker of an application, which may not `import()`: asks an engine in its own thread at the word of its page. */
import { Engine, EngineError } from '../../src/index';
import '../../src/worker/worker';

/** The token ids of a greedy answer. */
async function answer(prompt: number[]): Promise<number[]> {
  await using engine = await Engine.load('/models/test/', {
    kv: { contextTokens: 512, numSequences: 1, measureStability: false },
  });
  const { choices } = await engine.completions.create({
    prompt,
    max_tokens: 6,
    temperature: 0,
    ignore_eos: true,
    return_token_ids: true,
  });
  return choices[0]!.token_ids!;
}

addEventListener('message', ({ data, ports }: MessageEvent<number[]>) => {
  answer(data).then(
    (ids) => ports[0]!.postMessage(ids),
    (error: unknown) => ports[0]!.postMessage(error instanceof EngineError ? error.code : String(error)),
  );
});
