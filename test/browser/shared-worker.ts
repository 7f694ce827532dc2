/** A shared worker of an application: serves engines to its pages; under the name `in-thread` it asks one of its own. */
import { Engine } from '../../src/index';
import { serveEngine } from '../../src/worker/worker';

const scope = globalThis as unknown as { readonly name: string } & EventTarget;

/** The token ids of greedy answers, by an engine in this thread. */
async function answer(prompts: number[][]): Promise<number[][]> {
  await using engine = await Engine.load('/models/test/', {
    kv: { contextTokens: 512, numSequences: 1, measureStability: false },
  });
  const answers: number[][] = [];
  for (const prompt of prompts) {
    const { choices } = await engine.completions.create({
      prompt,
      max_tokens: 6,
      temperature: 0,
      ignore_eos: true,
      return_token_ids: true,
    });
    answers.push(choices[0]!.token_ids!);
  }
  return answers;
}

scope.addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]!;
  if (scope.name !== 'in-thread') return serveEngine(port);
  port.onmessage = ({ data }: MessageEvent<number[][]>) => {
    answer(data).then(
      (answers) => port.postMessage(answers),
      (error: unknown) => port.postMessage(String(error)),
    );
  };
});
