/** Several requests at once: each gets what it gets alone, to the bit, and they share steps. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

let engine: EngineCore;
beforeAll(async () => {
  engine = await loadEngine(tinyLlamaModel());
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => engine.dispose());

type Options = NonNullable<Parameters<typeof requestOf>[1]>;

const run = (prompt: readonly number[], options: Options = {}) =>
  answer(engine, requestOf(prompt, { maxTokens: 20, logprobs: 5, ignoreEos: true, ...options }));

/** What must not depend on the company. */
const essence = ({ text, tokenIds, logprobs, end }: Answer) => ({
  text,
  tokenIds,
  logprobs,
  finishReason: end.finishReason,
});

/** Runs the requests one by one, then together; returns the steps of either. */
async function compare(requests: readonly (readonly [prompt: readonly number[], options?: Options])[]) {
  const { runner } = engine;
  const stepsOf = async (work: () => Promise<Answer[]>) => {
    const before = runner.counts.steps;
    const answers = (await work()).map(essence);
    checkIntegrity(runner.cache);
    return { answers, steps: runner.counts.steps - before };
  };
  const alone = await stepsOf(async () => {
    const answers: Answer[] = [];
    for (const [prompt, options] of requests) answers.push(await run(prompt, options));
    return answers;
  });
  const together = await stepsOf(() =>
    Promise.all(requests.map(([prompt, options]) => run(prompt, options))),
  );
  expect(together.answers).toEqual(alone.answers);
  return { alone: alone.steps, together: together.steps, answers: alone.answers };
}

test('two requests: the same to the bit, in little more than half the steps', async () => {
  const { alone, together } = await compare([[promptOf(5)], [promptOf(37)]]);
  expect(alone).toBe(2 * 19);
  expect(together).toBeLessThanOrEqual(19 + 6);
});

test('three requests in a batch padded to four rows, with lengths at the borders of pages', async () => {
  const { alone, together } = await compare([[promptOf(16)], [promptOf(1, 2)], [promptOf(145, 3)]]);
  expect(alone).toBe(3 * 19);
  expect(together).toBeLessThanOrEqual(19 + 10);
});

test('a fifth request waits for a place among four, and all are right', async () => {
  await compare(
    [17, 15, 33, 2, 48].map((length, i) => [promptOf(length, 10 + i), { maxTokens: 6 }] as const),
  );
});

test('seeds, penalties and bias draw the same alone and in company, and another seed draws otherwise', async () => {
  const drawn = { temperature: 1.2, topP: 0.95, topK: 40 };
  const sampling: NonNullable<Options['sampling']>[] = [
    { ...drawn, seed: 1 },
    { ...drawn, seed: 2 },
    { ...drawn, seed: 1, repetitionPenalty: 1.3, frequencyPenalty: 0.5, presencePenalty: 0.2 },
    { temperature: 0, logitBias: [[77, 3]], frequencyPenalty: 1 },
  ];
  const { answers } = await compare(sampling.map((settings) => [promptOf(20, 30), { sampling: settings }]));
  expect(new Set(answers.map(({ tokenIds }) => String(tokenIds))).size).toBe(4);
  for (const { tokenIds } of answers) expect(new Set(tokenIds).size).toBeGreaterThan(2);
});

test('a long prefill in small slices does not starve a running answer, and both are right', async () => {
  const [short, long] = [promptOf(10, 40), promptOf(100, 41)];
  const options = { maxTokens: 90, logprobs: 5, ignoreEos: true };
  const alone = essence(await run(short, options));
  await useClock(engine, 'slow');
  const { runner } = engine;
  const log: ('slice' | 'token')[] = [];
  const submitSlice = runner.submitSlice.bind(runner);
  vi.spyOn(runner, 'submitSlice').mockImplementation((sequence) => {
    log.push('slice');
    return submitSlice(sequence);
  });
  let late: Promise<Answer> | undefined;
  const tokenIds: number[] = [];
  for await (const event of engine.generate(requestOf(short, options))) {
    if (event.kind !== 'delta') continue;
    tokenIds.push(...event.tokenIds);
    if (tokenIds.length === 5) {
      log.length = 0;
      late = run(long, { maxTokens: 3 });
    }
    log.push('token');
  }
  expect(tokenIds).toEqual(alone.tokenIds);
  const inCompany = essence(await late!);
  const prefill = log.slice(log.indexOf('slice'), log.lastIndexOf('slice') + 1);
  expect(prefill.filter((entry) => entry === 'slice').length).toBeGreaterThan(20);
  // Between two tokens of the running answer lie a few slices at most, never the whole prefill.
  const runs = prefill
    .join(' ')
    .split('token')
    .map((part) => part.split('slice').length - 1);
  expect(Math.max(...runs)).toBeLessThanOrEqual(4);
  vi.restoreAllMocks();
  expect(essence(await run(long, { maxTokens: 3 }))).toEqual(inCompany);
});
