/** What is stored serves the next request: follow-up turns, regenerated ones, forks; and nobody's answer suffers. */
import { wholePageTokens } from '../../src/cache/page';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { creators } from '../../src/api/create';
import type { EngineCore } from '../../src/engine/engine';
import { endedBy } from '../../src/util/ended-by';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

afterEach(() => vi.restoreAllMocks());

const options = { maxTokens: 8, logprobs: 20, ignoreEos: true };
const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });

describe('one sequence', () => {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await loadEngine(tinyLlamaModel(), { kv: { numSequences: 1, contextTokens: 256 } });
  });
  afterEach(() => checkIntegrity(engine.runner.cache));
  afterAll(() => engine.dispose());

  /** The answer, and how many prompt tokens were there already. */
  const run = async (prompt: readonly number[], more = options) => {
    const result = await answer(engine, requestOf(prompt, more));
    return { ...essence(result), numCached: result.end.numCachedTokens };
  };

  /** As on a new engine: the only sequence is given away first. */
  const fresh = async (prompt: readonly number[]) => {
    await run(promptOf(1, 999), { ...options, maxTokens: 1 });
    const { numCached, ...result } = await run(prompt);
    expect(numCached).toBe(0);
    return result;
  };

  test('a follow-up turn reuses prompt and answer, and goes on as a fresh run does', async () => {
    const question = promptOf(41, 1);
    const first = await run(question);
    const next = [...question, ...first.tokenIds, ...promptOf(9, 2)];
    const { numCached, logprobs, tokenIds } = await run(next);
    expect(numCached).toBe(wholePageTokens(41 + 8 - 1));
    // Keys of the answer were computed by other kernels than a prompt's: equal but for rounding.
    const expected = await fresh(next);
    const known = new Map(expected.logprobs[0]!.top.map(({ id, logprob }) => [id, logprob]));
    for (const { id, logprob } of logprobs[0]!.top.slice(0, 10)) {
      expect(Math.abs(logprob - known.get(id)!), `token ${id}`).toBeLessThan(0.01);
    }
    expect(tokenIds[0]).toBe(expected.tokenIds[0]);
  });

  test.each([47, 48, 49])('an edit after %i tokens equals a fresh run to the bit', async (length) => {
    const prompt = promptOf(70, 3);
    await run(prompt);
    const edited = [...prompt.slice(0, length), ...promptOf(6, 4)];
    const { numCached, ...result } = await run(edited);
    expect(numCached).toBe(wholePageTokens(length));
    expect(result).toEqual(await fresh(edited));
  });

  test.each([31, 32, 33])(
    'the same prompt of %i tokens again equals the first time to the bit',
    async (length) => {
      const prompt = promptOf(length, 5);
      const first = await fresh(prompt);
      const { numCached, ...again } = await run(prompt);
      expect(numCached).toBe(wholePageTokens(length - 1));
      expect(again).toEqual(first);
    },
  );

  test.each([47, 48, 49])('regenerated after being stopped at %i tokens in all', async (length) => {
    const prompt = promptOf(40, 6);
    const first = await fresh(prompt);
    await run(prompt, { ...options, maxTokens: length - 40 });
    const { numCached, ...again } = await run(prompt);
    expect(numCached).toBe(32);
    expect(again).toEqual(first);
  });
});

describe('several sequences', () => {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await loadEngine(tinyLlamaModel(), { kv: { contextTokens: 256 } });
  });
  afterEach(() => checkIntegrity(engine.runner.cache));
  afterAll(() => engine.dispose());

  const run = async (prompt: readonly number[], more: Partial<typeof options> = {}) =>
    answer(engine, requestOf(prompt, { ...options, ...more }));

  /** Pushes everything stored out of the cache. */
  const forget = () =>
    Promise.all([1, 2, 3, 4].map((seed) => run(promptOf(3, 900 + seed), { maxTokens: 1 })));

  const fresh = async (prompt: readonly number[], more: Partial<typeof options> = {}) => {
    await forget();
    const result = await run(prompt, more);
    expect(result.end.numCachedTokens).toBe(0);
    return result;
  };

  /** Starts `first`; when it has sent `numTokens`, runs `second` beside it. */
  const fork = async (first: readonly number[], numTokens: number, second: (ids: number[]) => number[]) => {
    const tokenIds: number[] = [];
    const logprobs: Answer['logprobs'] = [];
    let beside: Promise<Answer> | undefined;
    for await (const event of engine.generate(requestOf(first, { ...options, maxTokens: 30 }))) {
      if (event.kind !== 'delta') continue;
      tokenIds.push(...event.tokenIds);
      logprobs.push(...(event.logprobs ?? []));
      if (tokenIds.length === numTokens) {
        beside = run(second([...first, ...tokenIds]));
        checkIntegrity(engine.runner.cache);
      }
    }
    return { first: { tokenIds, logprobs }, second: await beside! };
  };

  test.each([37, 48])('a fork of a running sequence at %i leaves both right', async (length) => {
    const prompt = promptOf(48, 7);
    const branch = [...prompt.slice(0, length), ...promptOf(5, 8)];
    const expected = {
      first: essence(await fresh(prompt, { maxTokens: 30 })),
      second: essence(await fresh(branch)),
    };
    await forget();
    const forked = await fork(prompt, 4, () => branch);
    expect(forked.second.end.numCachedTokens).toBe(wholePageTokens(length));
    expect(essence(forked.second)).toEqual(expected.second);
    expect(forked.first).toEqual(expected.first);
  });

  test('a fork inside the page that a running answer is writing: both write, neither sees the other', async () => {
    const prompt = promptOf(35, 9);
    const expected = essence(await fresh(prompt, { maxTokens: 30 }));
    await forget();
    let branch: number[] = [];
    const forked = await fork(prompt, 4, (known) => (branch = [...known, ...promptOf(5, 10)]));
    expect(forked.second.end.numCachedTokens).toBe(32);
    expect(forked.first).toEqual(expected);
    const again = await fresh(branch);
    const known = new Map(again.logprobs[0]!.top.map(({ id, logprob }) => [id, logprob]));
    for (const { id, logprob } of forked.second.logprobs[0]!.top.slice(0, 10)) {
      expect(Math.abs(logprob - known.get(id)!), `token ${id}`).toBeLessThan(0.01);
    }
  });

  test('the same prompt while the first is still being prefilled', async () => {
    const prompt = promptOf(150, 11);
    const expected = essence(await fresh(prompt));
    await useClock(engine, 'slow');
    const { runner } = engine;
    const submitSlice = runner.submitSlice.bind(runner);
    let second: Promise<Answer> | undefined;
    let numSlices = 0;
    vi.spyOn(runner, 'submitSlice').mockImplementation((sequence) => {
      if (++numSlices === 60) second = run(prompt);
      return submitSlice(sequence);
    });
    const first = await run(prompt);
    expect(essence(first)).toEqual(expected);
    const { end, ...result } = await second!;
    expect(end.numCachedTokens).toBeGreaterThan(0);
    expect(end.numCachedTokens).toBeLessThan(149);
    expect(essence({ end, ...result })).toEqual(expected);
  });

  test('several answers to one request have one prompt: it is read once, by the first, which is the one given alone', async () => {
    await forget();
    const cached: number[] = [];
    const { createCompletion } = creators(
      async (request, signal) => {
        const events = await engine.accept(request, signal);
        return endedBy(
          (async function* () {
            for await (const event of events) {
              if (event.kind === 'start') cached.push(event.numCachedTokens);
              yield event;
            }
          })(),
          () => void events.return(),
        );
      },
      { modelName: 'tiny' },
    );
    const request = { prompt: promptOf(70, 14), max_tokens: 12, seed: 3, return_token_ids: true };
    const { choices, usage } = await createCompletion({ ...request, n: 3 });
    expect(cached).toEqual([0, 64, 64]);
    expect(usage).toMatchObject({ prompt_tokens: 70, completion_tokens: 36, total_tokens: 106 });
    const ids = choices.map((choice) => choice.token_ids!);
    expect(new Set(ids.map(String)).size).toBe(3);
    expect((await createCompletion(request)).choices[0]!.token_ids).toEqual(ids[0]);
  });

  test('a short common beginning is shared, not taken over: the longer conversation stays', async () => {
    await forget();
    const [long, other] = [promptOf(100, 12), promptOf(20, 13)];
    await run(long);
    const shared = await run([...long.slice(0, 34), ...other]);
    expect(shared.end.numCachedTokens).toBe(32);
    expect((await run([...long, 5, 6])).end.numCachedTokens).toBe(96);
  });
});
