/** A lost device: another one, the weights again, the pages from the host; answers go on as if nothing had been. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { EngineCore } from '../../src/engine/engine';
import type { GenerationRequest } from '../../src/loop/generation';
import type { RecoveryEvent } from '../../src/engine/recovery';
import { RunningRequest } from '../../src/loop/running-request';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { inFullRun } from '../support/full-run';
import { gpu } from '../support/gpu-setup';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

useIndexedDb();

const model = tinyLlamaModel();
// Stable heads whose budget holds all pages: what is selected after a recovery cannot differ.
const kv = {
  contextTokens: 1024,
  numSequences: 2,
  pagesPerHead: 32,
  unstableShare: 0.5,
  rerankInterval: 4,
} as const;
let engine: EngineCore;
const phases: RecoveryEvent['phase'][] = [];

beforeAll(async () => {
  engine = await loadEngine(model, { gpu, weights: 'f32', kv });
  engine.onRecovery(({ phase }) => phases.push(phase));
});

afterAll(async () => {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
});

const lose = () => engine.device.handle.destroy();

/** Token ids of an answer in which the device is lost whenever the answer has so many tokens; 0: when it begins. */
async function interrupted(request: GenerationRequest, ...losses: number[]): Promise<number[]> {
  const tokenIds: number[] = [];
  let numLost = 0;
  for await (const event of engine.generate(request)) {
    if (event.kind === 'delta') tokenIds.push(...event.tokenIds);
    if (numLost < losses.length && tokenIds.length >= losses[numLost]!) {
      numLost++;
      lose();
    }
  }
  expect(numLost).toBe(losses.length);
  return tokenIds;
}

const greedy = requestOf(promptOf(150), { maxTokens: 40, ignoreEos: true });
const sampled = requestOf(promptOf(83, 2), {
  maxTokens: 30,
  ignoreEos: true,
  sampling: { temperature: 1, seed: 7, frequencyPenalty: 0.5, repetitionPenalty: 1.1 },
});

test('in mid-answer, twice in a row; with another answer beside it and one that waits', async () => {
  const wanted = await answer(engine, greedy);
  const other = await answer(engine, sampled);
  const [first, second, third] = await Promise.all([
    interrupted(greedy, 5, 21),
    answer(engine, sampled),
    answer(engine, greedy),
  ]);
  expect(first).toEqual(wanted.tokenIds);
  expect(second.tokenIds).toEqual(other.tokenIds);
  expect(second.text).toBe(other.text);
  expect(third.tokenIds).toEqual(wanted.tokenIds);
  expect(engine.stats().recoveries).toBe(2);
  const once = ['lost', 'recovering', 'recovered'];
  expect(phases).toEqual([...once, ...once]);
});

test('while idle: pages come back from the host, not by another prefill; a listener that throws changes nothing', async () => {
  const wanted = await answer(engine, greedy);
  const report = vi.fn();
  vi.stubGlobal('reportError', report);
  const failure = new Error('a listener of the page');
  const stop = engine.onRecovery(() => {
    throw failure;
  });
  lose();
  const { tokenIds, end } = await answer(engine, greedy);
  stop();
  vi.unstubAllGlobals();
  expect(report.mock.calls).toEqual([[failure], [failure], [failure]]);
  expect(tokenIds).toEqual(wanted.tokenIds);
  expect(end.numCachedTokens).toBe(144);
});

test('requests that reach the loop at any moment of its halt are answered by the next one', async () => {
  const { loop, tokenizer } = engine;
  const added: RunningRequest[] = [];
  lose();
  await engine.device.lost;
  while (engine.loop === loop) {
    const request = requestOf([7, added.length], { maxTokens: 1, ignoreEos: true });
    added.push(new RunningRequest(request, { ids: [7, added.length] }, 1, tokenizer));
    loop.add(added.at(-1)!);
    // Microtask by microtask at first, then as the weights come.
    if (added.length < 30) await Promise.resolve();
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const { events } of added) {
    let numTokens = 0;
    for await (const event of events) if (event.kind === 'delta') numTokens += event.tokenIds.length;
    expect(numTokens).toBe(1);
  }
});

test('in the middle of a prefill', async () => {
  const request = requestOf(promptOf(400, 3), { maxTokens: 8, ignoreEos: true });
  const tokenIds = await interrupted(request, 0);
  const { recoveries } = engine.stats();
  expect((await answer(engine, request)).tokenIds).toEqual(tokenIds);
  expect(engine.stats().recoveries).toBe(recoveries);
});

test('while a document is read: the reading goes on by itself, and what is stored is what an undisturbed one stores', async () => {
  const text = Array.from({ length: 12 }, (_, i) => `The ${i}th whale of the voyage was white.\n`).join('');
  const ask = (document: { id: string } | { text: string }) =>
    requestOf(
      { kind: 'chat', messages: [{ role: 'user', content: 'How many?' }], document },
      { maxTokens: 12, ignoreEos: true },
    );
  const documents = await engine.documents();
  const { recoveries } = engine.stats();
  await useClock(engine, 'slow');
  let isLost = false;
  const info = await documents.add('whales', text, {
    onProgress: ({ phase, numReadTokens, numTokens }) => {
      if (isLost || phase !== 'reading' || numReadTokens === 0 || numReadTokens > numTokens / 2) return;
      isLost = true;
      lose();
    },
  });
  vi.restoreAllMocks();
  expect(isLost).toBe(true);
  expect(engine.stats().recoveries).toBe(recoveries + 1);
  expect(info.state).toBe('complete');
  const { tokenIds: wanted } = await answer(engine, ask({ id: 'whales' }));
  // What is only in the library comes back.
  const messages = [{ role: 'user' as const, content: 'How many?' }];
  engine.loop.drop((await documents.prompt({ id: 'whales' }, { messages }, { hasText: false })).ids);
  expect((await documents.open('whales')).bytesRead).toBeGreaterThan(0);
  expect((await answer(engine, ask({ id: 'whales' }))).tokenIds).toEqual(wanted);
  // All the same as when nothing is stored and no device is lost.
  await documents.delete('whales');
  const fresh = await answer(engine, ask({ text }));
  expect(fresh.end.numCachedTokens).toBe(0);
  expect(fresh.tokenIds).toEqual(wanted);
});

test.each([1, ...inFullRun(0, 8)])(
  'disposed %i turns after the device is lost: everything is freed, once, and every answer ends',
  async (numTurns) => {
    const unhandled: unknown[] = [];
    const keep = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', keep);
    const leaving = await loadEngine(model, { gpu, kv: { contextTokens: 64, numSequences: 1 } });
    const answers = [5, 6].map((id) => answer(leaving, requestOf([id], { ignoreEos: true })));
    const ends = Promise.allSettled(answers);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { device } = leaving;
    device.handle.destroy();
    for (let turn = 0; turn < numTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await leaving.dispose();
    const disposed = { status: 'rejected', reason: { code: 'disposed' } };
    expect(await ends).toMatchObject([disposed, disposed]);
    await device.lost;
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const { buffers } of [device, leaving.device]) expect(buffers.use.total).toBe(0);
    process.off('unhandledRejection', keep);
    expect(unhandled).toEqual([]);
  },
);

test('no adapter any more: device-lost with advice, at the answer that runs and at every later call', async () => {
  let isGone = false;
  const failing = await EngineCore.load(folderSource(model), {
    gpu: { requestAdapter: () => (isGone ? Promise.resolve(null) : gpu.requestAdapter()) } as unknown as GPU,
    kv: { contextTokens: 64 },
  });
  const events: RecoveryEvent[] = [];
  failing.onRecovery((event) => events.push(event));
  const failure = {
    name: 'EngineError',
    code: 'device-lost',
    message: expect.stringMatching(/^The GPU device was lost and could not be had again: .*Reload the page/),
  };
  const read = async () => {
    for await (const event of failing.generate(requestOf([5, 6, 7], { ignoreEos: true }))) {
      if (event.kind !== 'delta' || isGone) continue;
      isGone = true;
      failing.device.handle.destroy();
    }
  };
  await expect(read()).rejects.toMatchObject(failure);
  expect(events.map(({ phase }) => phase)).toEqual([
    'lost',
    ...Array.from({ length: 4 }, () => 'recovering'),
    'failed',
  ]);
  expect(events.at(-1)!.error).toMatchObject(failure);
  await expect(answer(failing, requestOf([5]))).rejects.toMatchObject(failure);
  await failing.dispose();
  expect(failing.device.buffers.use.total).toBe(0);
});
