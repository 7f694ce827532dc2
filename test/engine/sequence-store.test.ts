/** Who gets which sequence and pages, on a real cache; no model, nothing is attended. */
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { HeadSet } from '../../src/cache/head-set';
import { KvCache } from '../../src/cache/kv-cache';
import type { Sequence } from '../../src/runner/sequence';
import { SequenceStore, type Placement } from '../../src/loop/sequence-store';
import { Recorder } from '../../src/gpu/recorder';
import { useDevice } from '../kernels/use-device';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { randomSource } from '../../tools/util/random';

const gpu = useDevice();
let recorder: Recorder;
let cache: KvCache;
let store: SequenceStore;

beforeAll(async () => {
  recorder = new Recorder(gpu.compiler);
});

// Twelve pages for three sequences of up to ten.
beforeEach(async () => {
  cache = await KvCache.create(gpu.compiler, {
    format: 'f16',
    hostFormat: 'f16',
    selection: 'minmax',
    rerankQueries: 1,
    window: 1,
    sinks: 0,
    numLayers: 2,
    numKvHeads: 3,
    headDim: 8,
    numSequences: 3,
    maxPages: 10,
    unstable: HeadSet.all(2, 3),
    exactHeads: new HeadSet(2, 3, []),
    pagesPerHead: 10,
    slotsPerStableHead: 0,
    numPageIds: 12,
  });
  store = new SequenceStore(cache);
});
afterEach(() => {
  checkIntegrity(cache);
  recorder.submit();
  cache.destroy();
  expect(gpu.device.buffers.use.live.kv).toBe(0);
});

const ids = (length: number, first = 0) => Array.from({ length }, (_, i) => first + i);

/** What the engine does with a placement: pages for the prompt, and for answer tokens as they come. */
function work(
  { sequence, numCached }: Placement,
  prompt: readonly number[],
  numTokens = prompt.length,
): Sequence {
  cache.extend(sequence.index, prompt.length, false);
  sequence.tokens.push(...prompt.slice(numCached));
  sequence.numStored = prompt.length;
  while (sequence.numStored < numTokens) {
    sequence.tokens.push(1000 + sequence.numStored);
    cache.extend(sequence.index, ++sequence.numStored, true);
  }
  cache.flush(recorder);
  recorder.submit();
  checkIntegrity(cache);
  return sequence;
}

function place(prompt: readonly number[], numTokens: number): Placement {
  const placement = store.place(prompt, numTokens);
  if (!placement) throw new Error('there was no room');
  return placement;
}

test('an empty store gives an empty sequence and keeps room for its answer', () => {
  const { sequence, numCached } = place(ids(20), 100);
  expect([sequence.tokens, sequence.numStored, numCached]).toEqual([[], 0, 0]);
  work({ sequence, numCached }, ids(20));
  // Seven pages are promised, two of them taken: five of twelve are left to others.
  expect(cache.numFreePages).toBe(10);
  expect(store.place(ids(90, 500), 96)).toBeUndefined();
  expect(store.place(ids(70, 500), 80)).toBeDefined();
});

test('a finished sequence is taken over by its follow-up, whole pages of it', () => {
  const prompt = ids(40);
  const first = work(place(prompt, 60), prompt, 60);
  store.retire(first);
  const next = [...first.tokens, 5, 6, 7];
  const { sequence, numCached } = place(next, 80);
  expect(sequence).toBe(first);
  expect(numCached).toBe(48);
  expect(store.numRunning).toBe(1);
  expect(cache.numPages(sequence.index)).toBe(3);
  work({ sequence, numCached }, next, 80);
  expect(cache.numFreePages).toBe(7);
});

test('retire keeps exactly what is stored and known', () => {
  const sequence = work(place(ids(40), 60), ids(40), 50);
  sequence.numStored = 33;
  store.retire(sequence);
  expect(sequence.tokens.length).toBe(33);
  expect(cache.numPages(sequence.index)).toBe(3);
  expect(() => store.retire(sequence)).toThrow('only a running sequence is retired');
});

test('a little of a long idle sequence is shared, and the long one stays as it is', () => {
  const long = work(place(ids(70), 70), ids(70));
  store.retire(long);
  const branch = [...ids(20), 900, 901];
  const { sequence, numCached } = place(branch, 30);
  expect(sequence).not.toBe(long);
  expect(numCached).toBe(16);
  // Page 0 is shared, page 1 its own.
  work({ sequence, numCached }, branch, 30);
  expect(cache.numFreePages).toBe(12 - 5 - 1);
  expect([long.tokens.length, cache.numPages(long.index)]).toEqual([70, 5]);
});

test('where there is no room to share, the idle sequence is taken over and cut', () => {
  const long = work(place(ids(140), 140), ids(140));
  store.retire(long);
  const branch = [...ids(20), ...ids(60, 900)];
  const { sequence, numCached } = place(branch, 150);
  expect([sequence, numCached]).toEqual([long, 16]);
  work({ sequence, numCached }, branch, 150);
});

test('whole pages of a running sequence are shared', () => {
  const running = work(place(ids(40), 64), ids(40));
  const branch = [...ids(36), 900];
  const forked = place(branch, 48);
  expect(forked.numCached).toBe(32);
  expect(forked.sequence).not.toBe(running);
  work(forked, branch, 48);
  running.tokens.push(40);
  cache.extend(running.index, 64, true);
  running.numStored = 64;
  expect(cache.numFreePages).toBe(12 - 4 - 1);
});

test('idle sequences are evicted least recently used first, and only as many as needed', () => {
  const idle = [0, 300, 600].map((first) => {
    const prompt = ids(40, first);
    const sequence = work(place(prompt, 40), prompt);
    return sequence;
  });
  for (const sequence of idle) store.retire(sequence);
  // The first is used again and becomes the latest.
  store.retire(work(place([...ids(40), 5], 41), [...ids(40), 5]));
  const other = ids(60, 2000);
  work(place(other, 64), other);
  expect(cache.numFreePages).toBe(12 - 4 - 3 - 3);
  expect(place([...ids(41).slice(0, 40), 5, 6], 48).numCached).toBe(32);
  expect(place([...ids(40, 600), 1], 48).numCached).toBe(32);
});

test('waiting for room evicts nothing: what is stored is there when the room comes', () => {
  const running = work(place(ids(60), 64), ids(60));
  const idle = work(place(ids(40, 300), 40), ids(40, 300));
  store.retire(idle);
  // Nine pages, but only eight are obtainable.
  expect(store.place(ids(130, 600), 144)).toBeUndefined();
  expect(cache.numPages(idle.index)).toBe(3);
  store.retire(running);
  expect(place(ids(130, 600), 144).numCached).toBe(0);
});

test('taking over a sequence whose pages others hold too counts only what comes free', () => {
  // `first` has nine pages; `fork` shares the first eight of them and is promised two more.
  const prompt = ids(140);
  const first = work(place(prompt, 140), prompt);
  const branch = [...ids(136), 900];
  const fork = work(place(branch, 160), branch);
  store.retire(first);
  expect(cache.numFreePages).toBe(12 - 9 - 1);
  // Taking `first` over at 80 tokens frees one page only; five new ones and the promised one are more than there are.
  const next = [...ids(80), ...ids(60, 600)];
  const placement = store.place(next, 160);
  expect(placement).toBeUndefined();
  cache.extend(fork.index, 160, true);
  fork.numStored = 160;
  store.retire(fork);
  work(place(next, 160), next, 160);
});

test('a full table makes way by eviction; with every place running the next one waits', () => {
  const running = [0, 300].map((first) => work(place(ids(17, first), 20), ids(17, first)));
  store.retire(work(place(ids(17, 600), 20), ids(17, 600)));
  const third = work(place(ids(17, 900), 20), ids(17, 900));
  expect(store.numRunning).toBe(3);
  expect(store.place([1], 2)).toBeUndefined();
  store.retire(running[0]!);
  expect(store.place([1], 2)).toBeDefined();
  expect(third.numStored).toBe(17);
});

test('never promises what it has not: random requests, each growing to its full length', () => {
  const random = randomSource(3);
  const below = (n: number) => Math.floor(random() * n);
  const stems = [ids(150), ids(150, 300), [...ids(64), ...ids(86, 600)]];
  const running: { sequence: Sequence; end: number }[] = [];
  let numPlaced = 0;
  for (let i = 0; i < 600; i++) {
    const choice = random();
    if (choice < 0.35) {
      const prompt = [...stems[below(3)]!.slice(0, 1 + below(120)), 5000 + i];
      const end = prompt.length + 1 + below(160 - prompt.length);
      const placement = store.place(prompt, end);
      if (placement) {
        work(placement, prompt);
        running.push({ sequence: placement.sequence, end });
        numPlaced++;
      } else expect(running.length).toBeGreaterThan(0);
    } else if (choice < 0.85 && running.length > 0) {
      // One more token for someone: pages that were promised are there.
      const { sequence, end } = running[below(running.length)]!;
      for (let n = below(20); n > 0 && sequence.numStored < end; n--) {
        sequence.tokens.push(7000 + i);
        cache.extend(sequence.index, ++sequence.numStored, true);
      }
    } else if (running.length > 0) {
      const [{ sequence }] = running.splice(below(running.length), 1) as [
        { sequence: Sequence; end: number },
      ];
      store.retire(sequence);
    }
    checkIntegrity(cache);
  }
  expect(numPlaced).toBeGreaterThan(60);
});
