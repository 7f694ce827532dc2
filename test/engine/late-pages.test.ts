/** Whoever waits for the host waits alone: others go on at their pace, and no answer changes. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { pagesFor, type PageId } from '../../src/cache/page';
import type { EngineCore } from '../../src/engine/engine';
import { numOffloadSlots } from '../../src/offload/offloader';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, promptOf, requestOf, type Answer } from '../support/engine';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

const numSequences = numOffloadSlots + 1;
let engine: EngineCore;
beforeAll(async () => {
  const kv = {
    contextTokens: 512,
    numSequences,
    pagesPerHead: 4,
    unstableShare: 0.5,
    rerankInterval: 8,
    // A profile that was measured meanwhile would change the next answer.
    measureStability: false,
  };
  engine = await loadEngine(tinyLlamaModel(), { weights: 'f32', kv });
});
afterEach(() => {
  vi.restoreAllMocks();
  checkIntegrity(engine.runner.cache);
});
afterAll(() => engine.dispose());

const [late, other] = [promptOf(200, 14), promptOf(20, 15)];
// The other answer outgrows its budget: it fills pages and reranks while it must not wait.
const [numLate, numOther] = [30, 100];
const mostPagesOfOther = pagesFor(other.length + numOther);

const essence = ({ tokenIds, logprobs }: Answer) => ({ tokenIds, logprobs });

function run(prompt: readonly number[], maxTokens: number, onToken?: () => void): Promise<Answer> {
  const request = requestOf(prompt, { maxTokens, ignoreEos: true, logprobs: 3 });
  return answer(engine, request, undefined, onToken);
}

/** As on a new engine: all sequences are given away first. */
async function fresh(prompt: readonly number[], maxTokens: number) {
  const others = Array.from({ length: numSequences }, (_, i) => run(promptOf(1, 990 + i), 1));
  await Promise.all(others);
  const result = await run(prompt, maxTokens);
  expect(result.end.numCachedTokens).toBe(0);
  return essence(result);
}

/** Starts an answer; resolves with its first token. */
async function begin(prompt: readonly number[], maxTokens: number): Promise<{ result: Promise<Answer> }> {
  let onToken: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (onToken = resolve));
  const result = run(prompt, maxTokens, onToken);
  await first;
  return { result };
}

/** Holds back what is read from, or written to, the host store of pages of the late answer, until it is opened. */
function hold(way: 'read' | 'write') {
  const { hostStore, cache } = engine.runner;
  const original = hostStore[way].bind(hostStore);
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  let numHeld = 0;
  const isLate = (ids: readonly PageId[]) =>
    Array.from({ length: numSequences }, (_, index) => cache.pagesOf(index)).some(
      (pages) => pages.length > mostPagesOfOther && ids.some((id) => pages.includes(id)),
    );
  vi.spyOn(hostStore, way).mockImplementation((...args: Parameters<typeof hostStore.read>) => {
    if (!isLate(args[2])) return original(...args);
    numHeld++;
    return gate.then(() => original(...args));
  });
  return {
    open: () => open(),
    isHolding: () => vi.waitFor(() => expect(numHeld).toBeGreaterThan(0), 60_000),
  };
}

/** The other answer runs to its end while the late one is held; then the late one does. */
async function expectUndisturbed(
  held: ReturnType<typeof hold>,
  waiting: Promise<Answer>,
  running: () => Promise<Answer>,
  expected: readonly unknown[],
) {
  let isOver = false;
  void waiting.then(() => (isOver = true));
  await held.isHolding();
  expect(essence(await running())).toEqual(expected[1]);
  expect(isOver).toBe(false);
  held.open();
  expect(essence(await waiting)).toEqual(expected[0]);
}

test('a rerank whose pages are late', async () => {
  const expected = [await fresh(late, numLate), await fresh(other, numOther)];
  const before = engine.stats().kv;
  const { result } = await begin([...late], numLate);
  await expectUndisturbed(hold('read'), result, () => run(other, numOther), expected);
  const { stalls, stallMs, stallShare } = engine.stats().kv;
  expect(stalls).toBeGreaterThan(before.stalls);
  expect(stallMs).toBeGreaterThan(before.stallMs);
  expect(stallShare).toBeGreaterThan(0);
  expect(stallShare).toBeLessThan(1);
});

test('a follow-up prefill whose pages are late', async () => {
  const question = [...late, ...promptOf(40, 16)];
  const expected = [await fresh(question, numLate), await fresh(other, numOther)];
  await fresh(late, 1);
  const { result } = await begin(other, numOther);
  const held = hold('read');
  const waiting = run(question, numLate);
  await expectUndisturbed(held, waiting, () => result, expected);
  expect((await waiting).end.numCachedTokens).toBe(192);
});

test('more answers that fill a page in one step than buffers on the way to the host', async () => {
  const prompts = Array.from({ length: numSequences }, (_, i) => promptOf(70, 20 + i));
  const alone: unknown[] = [];
  for (const prompt of prompts) alone.push(essence(await run(prompt, 14)));
  await fresh(promptOf(1, 18), 1);
  const together = await Promise.all(prompts.map((prompt) => run(prompt, 14)));
  expect(together.map(essence)).toEqual(alone);
});

test('a prefill whose pages are slow to leave', async () => {
  const expected = [await fresh(late, numLate), await fresh(other, numOther)];
  // In many segments, whose pages are more than the buffers hold; what was stored goes.
  await useClock(engine, 'slow');
  const { result } = await begin(other, numOther);
  const held = hold('write');
  await expectUndisturbed(held, run(late, numLate), () => result, expected);
});

test('answers whose pages have no way to the host stand still, and the stall tells why', async () => {
  // None of them reranks or has a page to send before it decodes, and each fills its first page and no other, at a step of its
  // own however late it begins: who begins later has more tokens to go.
  const prompts = Array.from({ length: numSequences }, (_, i) => promptOf(15 - i, 40 + i));
  const alone: unknown[] = [];
  // Shorter than a page: nothing of them is shared, so that none needs the sequences to be given away first.
  for (const prompt of prompts) alone.push(essence(await run(prompt, 12)));
  await fresh(promptOf(1, 18), 1);
  const { hostStore, cache, offloader } = engine.runner;
  const write = hostStore.write.bind(hostStore);
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const isFilled = (id: PageId) =>
    Array.from({ length: numSequences }, (_, index) => cache.pagesOf(index)[0]).includes(id);
  vi.spyOn(hostStore, 'write').mockImplementation((...args) =>
    args[2].some(isFilled) ? gate.then(() => write(...args)) : write(...args),
  );
  const causes: string[] = [];
  const stop = engine.onCacheEvent((event) => event.kind === 'stall' && causes.push(event.cause));
  const before = engine.stats().kv.stallCauses;
  const answers = Promise.all(prompts.map((prompt) => run(prompt, 12)));
  // Held while steps are under way is no stall yet: once the others have ended, none is.
  await vi.waitFor(() => expect([offloader.hasFreeSlot, engine.loop.numRunning]).toEqual([false, 1]), {
    timeout: 120_000,
    interval: 20,
  });
  open();
  expect((await answers).map(essence)).toEqual(alone);
  stop();
  const after = engine.stats().kv.stallCauses;
  expect(after.offload.stalls).toBeGreaterThan(before.offload.stalls);
  expect(after.reload).toEqual(before.reload);
  expect(causes).toEqual(
    Array.from({ length: after.offload.stalls - before.offload.stalls }, () => 'offload'),
  );
});
