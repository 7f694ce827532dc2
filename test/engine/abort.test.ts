/** Requests that end early, at every stage: the reader learns why, nothing leaks, and the engine answers on. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { GenerationEvent } from '../../src/loop/generation-event';
import { EngineError } from '../../src/util/errors';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, leastGpuBytes, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { isFullRun } from '../support/full-run';
import { tinyLlamaModel } from '../../tools/tiny-models/models';
import { randomSource } from '../../tools/util/random';

const model = tinyLlamaModel();
// Eight pages: two requests of more than 64 tokens do not fit together.
const kv = { contextTokens: 128, numSequences: 4 };
const probe = requestOf(promptOf(20, 1), { maxTokens: 6, logprobs: 3, ignoreEos: true });
const reason = new Error('changed my mind');

let engine: EngineCore;
let expected: Pick<Answer, 'tokenIds' | 'logprobs'>;

const runProbe = async () => {
  const { tokenIds, logprobs } = await answer(engine, probe);
  return { tokenIds, logprobs };
};

beforeAll(async () => {
  engine = await loadEngine(model, { kv: { ...kv, gpuBytes: leastGpuBytes(model, kv) } });
  expect(engine.runner.cache.shape.numPageIds).toBe(8);
  expected = await runProbe();
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(await runProbe()).toEqual(expected);
  checkIntegrity(engine.runner.cache);
  expect(engine.stats().requests).toEqual({ running: 0, waiting: 0 });
});
afterAll(() => engine.dispose());

/** Reads a request to its failure; returns what came before and the error. */
async function readToError(request: Parameters<EngineCore['generate']>[0], signal: AbortSignal) {
  const events: GenerationEvent[] = [];
  try {
    for await (const event of engine.generate(request, signal)) events.push(event);
  } catch (error) {
    return { kinds: events.map(({ kind }) => kind), error };
  }
  throw new Error('the request was not aborted');
}

const long = (seed: number) => requestOf(promptOf(60, seed), { maxTokens: 40, ignoreEos: true });

describe('abort', () => {
  test('before it began', async () => {
    const before = engine.runner.recorder.counts.submits;
    expect(await readToError(long(2), AbortSignal.abort(reason))).toEqual({ kinds: [], error: reason });
    expect(engine.runner.recorder.counts.submits).toBe(before);
  });

  test('before its prefill', async () => {
    const controller = new AbortController();
    const reading = readToError(long(3), controller.signal);
    controller.abort(reason);
    expect((await reading).error).toBe(reason);
  });

  test('during its prefill: not a slice more is submitted', async () => {
    await useClock(engine, 'slow');
    const controller = new AbortController();
    const { runner } = engine;
    const submitSlice = runner.submitSlice.bind(runner);
    let numSlices = 0;
    vi.spyOn(runner, 'submitSlice').mockImplementation((sequence) => {
      if (++numSlices === 4) queueMicrotask(() => controller.abort(reason));
      return submitSlice(sequence);
    });
    const { kinds, error } = await readToError(
      requestOf(promptOf(120, 4), { maxTokens: 2 }),
      controller.signal,
    );
    expect(error).toBe(reason);
    expect(kinds).toEqual(['start']);
    expect(numSlices).toBe(4);
  });

  test('while it decodes, with steps in flight', async () => {
    const controller = new AbortController();
    const events: string[] = [];
    const reading = (async () => {
      for await (const event of engine.generate(long(5), controller.signal)) {
        events.push(event.kind);
        if (events.length === 4) controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    // What was queued before is still read; far from all forty.
    expect(events.length).toBeLessThan(12);
  });

  test('in the queue: those around it are answered', async () => {
    const controller = new AbortController();
    const first = answer(engine, long(6));
    const second = readToError(long(7), controller.signal);
    const third = answer(engine, long(8));
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve));
    expect(engine.stats().requests).toEqual({ running: 1, waiting: 2 });
    controller.abort(reason);
    expect(await second).toEqual({ kinds: [], error: reason });
    expect((await first).tokenIds.length).toBe(40);
    expect((await third).tokenIds.length).toBe(40);
  });

  test('of one leaves the other in its batch as it would be alone', async () => {
    const request = requestOf(promptOf(20, 9), { maxTokens: 30, logprobs: 2, ignoreEos: true });
    const alone = await answer(engine, request);
    const controller = new AbortController();
    const other = readToError(requestOf(promptOf(17, 10), { maxTokens: 40 }), controller.signal);
    const tokenIds: number[] = [];
    for await (const event of engine.generate(request)) {
      if (event.kind === 'delta') tokenIds.push(...event.tokenIds);
      if (tokenIds.length === 8) controller.abort(reason);
    }
    expect((await other).error).toBe(reason);
    expect(tokenIds).toEqual(alone.tokenIds);
  });
});

test('a reader that leaves early ends the request', async () => {
  for await (const event of engine.generate(long(11))) if (event.kind === 'delta') break;
  expect(engine.stats().requests).toEqual({ running: 0, waiting: 0 });
});

test('requests that do not fit together are answered one after the other, in order', async () => {
  const starts: string[] = [];
  const ends: string[] = [];
  const run = async (name: string, seed: number) => {
    for await (const { kind } of engine.generate(long(seed))) {
      if (kind === 'start') starts.push(name);
      else if (kind === 'end') ends.push(name);
      else expect(engine.stats().requests.running).toBeLessThanOrEqual(1);
    }
  };
  await Promise.all([run('a', 12), run('b', 13), run('c', 14)]);
  expect([starts, ends]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
});

test('a request that fits does not overtake one that waits', async () => {
  const log: string[] = [];
  const run = async (name: string, request: Parameters<EngineCore['generate']>[0]) => {
    for await (const { kind } of engine.generate(request)) if (kind === 'start') log.push(name);
  };
  await Promise.all([run('a', long(15)), run('b', long(16)), run('c', requestOf([5], { maxTokens: 1 }))]);
  expect(log).toEqual(['a', 'b', 'c']);
});

test('a request that comes at any moment around the end of the last one is answered', async () => {
  const { runner } = engine;
  const submitSlice = runner.submitSlice.bind(runner);
  const request = (seed: number) => requestOf([seed, 8], { maxTokens: 1, ignoreEos: true });
  for (let delay = 0; delay < 24; delay++) {
    let second: Promise<Answer> | undefined;
    vi.spyOn(runner, 'submitSlice').mockImplementationOnce((sequence) => {
      const result = submitSlice(sequence);
      void result.done.then(async () => {
        for (let i = 0; i < delay; i++) await Promise.resolve();
        second = answer(engine, request(200 + delay));
      });
      return result;
    });
    await answer(engine, request(100 + delay));
    await vi.waitFor(() => expect(second).toBeDefined());
    expect((await second!).tokenIds.length).toBe(1);
  }
});

test('a request without room for its penalties fails alone', async () => {
  const running = answer(engine, requestOf(promptOf(10, 17), { maxTokens: 20, ignoreEos: true }));
  const failure = new EngineError('gpu-memory', 'The GPU has no room for penalties and logit bias.');
  vi.spyOn(engine.runner.sampler, 'configure').mockImplementation((_sequence, { presencePenalty }) =>
    presencePenalty === 1 ? Promise.reject(failure) : Promise.resolve(),
  );
  const penalised = requestOf(promptOf(10, 18), { maxTokens: 2, sampling: { presencePenalty: 1 } });
  await expect(answer(engine, penalised)).rejects.toBe(failure);
  expect((await running).tokenIds.length).toBe(20);
});

test('an invariant that breaks in a step ends what runs and waits with that error; the next request is answered', async () => {
  const failure = new Error('Longpage invariant broken: for the test');
  const { runner } = engine;
  const submitDecode = runner.submitDecode.bind(runner);
  let numSteps = 0;
  vi.spyOn(runner, 'submitDecode').mockImplementation((rows) => {
    if (++numSteps === 5) throw failure;
    return submitDecode(rows);
  });
  const results = await Promise.allSettled([19, 20, 21].map((seed) => answer(engine, long(seed))));
  expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
    failure,
    failure,
    failure,
  ]);
});

const numSoaked = isFullRun ? 200 : 60;

test(`soak: of ${numSoaked} requests a third is aborted at random moments, and not a byte stays behind`, async () => {
  const { runner, device } = engine;
  const random = randomSource(11);
  // The sampler's history comes with the first request that has a penalty.
  await answer(engine, requestOf([5], { maxTokens: 1, sampling: { presencePenalty: 1 } }));
  const before = device.buffers.use.live;
  const numCreated = device.buffers.numCreated;
  let numAborted = 0;
  let numAnswered = 0;
  const one = async (i: number) => {
    const prompt = [...promptOf(16 + (i % 5), i % 7), ...promptOf(1 + Math.floor(random() * 30), i)];
    const request = requestOf(prompt, {
      maxTokens: 1 + Math.floor(random() * 8),
      sampling: { temperature: i % 2, seed: i, presencePenalty: i % 3 },
    });
    const abortAfter = i % 3 === 0 ? Math.floor(random() * 4) : Infinity;
    const controller = new AbortController();
    if (abortAfter < Infinity) setTimeout(() => controller.abort(reason), random() * 20);
    let numEvents = 0;
    try {
      for await (const _ of engine.generate(request, controller.signal)) {
        if (numEvents++ === abortAfter) controller.abort(reason);
      }
      numAnswered++;
    } catch (error) {
      expect(error).toBe(reason);
      numAborted++;
    }
  };
  let next = 0;
  const lane = async () => {
    while (next < numSoaked) {
      await one(next++);
      if (next % 10 === 0) checkIntegrity(runner.cache);
    }
  };
  await Promise.all([lane(), lane(), lane(), lane(), lane()]);
  expect(numAborted + numAnswered).toBe(numSoaked);
  expect(numAborted).toBeGreaterThan(numSoaked / 5);
  expect(numAborted).toBeLessThanOrEqual(Math.ceil(numSoaked / 3));
  expect(device.buffers.use.live).toEqual(before);
  expect(device.buffers.numCreated).toBe(numCreated);
});
