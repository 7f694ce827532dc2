/** What every HostStore must do, as plain functions: they run under Vitest and in a browser's worker alike. */
import type { HostStore, HostStoreShape, PageId } from '../../../src/offload/host-store';
import { EngineError } from '../../../src/util/errors';
import { expectBytes, expectThat } from '../../support/bytes';
import { randomSource } from '../../../tools/util/random';

/** Makes an empty store that may hold at most `limitBytes` in memory. */
export type CreateStore = (shape: HostStoreShape, limitBytes: number) => Promise<HostStore>;

/** One thing that a store must do; it fails by throwing. */
export interface HostStoreCase {
  readonly name: string;
  run(create: CreateStore): Promise<void>;
}

const shape: HostStoreShape = { numLayers: 3, numKvHeads: 2, pageBytes: 64 };
const roomyBytes = 2 ** 30;

/** Page ids from plain numbers. */
export const ids = (...values: number[]) => values as PageId[];

/** `[numPages, pageBytes]` seeded bytes. */
export function randomPages(numPages: number, seed: number, pageBytes = shape.pageBytes): Uint8Array {
  const next = randomSource(seed);
  return Uint8Array.from({ length: numPages * pageBytes }, () => Math.floor(next() * 256));
}

/** Reads pages of one head, whatever the store's way of waiting. */
export async function readPages(
  store: HostStore,
  layer: number,
  kvHead: number,
  pages: readonly PageId[],
): Promise<Uint8Array> {
  const target = new Uint8Array(pages.length * store.shape.pageBytes);
  await store.read(layer, kvHead, pages, target);
  return target;
}

/** Pages of one head of one layer. */
type PageRun = readonly [layer: number, kvHead: number, pages: readonly PageId[]];

async function expectPages(
  store: HostStore,
  [layer, kvHead, pages]: PageRun,
  expected: Uint8Array,
): Promise<void> {
  const what = `pages ${pages.join(' ')} of layer ${layer}, head ${kvHead}`;
  expectBytes(await readPages(store, layer, kvHead, pages), expected, what);
}

/** A case with a store of the usual shape that is closed at its end. */
function storeCase(name: string, body: (store: HostStore) => Promise<void>): HostStoreCase {
  return {
    name,
    async run(create) {
      const store = await create(shape, roomyBytes);
      await body(store);
      await store.close();
    },
  };
}

const plainCases = [
  storeCase('gives back what was written, bit by bit, in any order and grouping', async (store) => {
    const bytes = randomPages(4, 1);
    await store.write(1, 0, ids(7, 3), bytes.slice(0, 2 * shape.pageBytes));
    await store.write(1, 0, ids(900, 4), bytes.slice(2 * shape.pageBytes));
    await expectPages(store, [1, 0, ids(7, 3, 900, 4)], bytes);
    await expectPages(store, [1, 0, ids(4)], bytes.slice(3 * shape.pageBytes));
  }),

  storeCase('keeps layers and heads apart', async (store) => {
    const [one, other] = [randomPages(1, 2), randomPages(1, 3)];
    await store.write(0, 1, ids(5), one);
    await store.write(2, 0, ids(5), other);
    await expectPages(store, [0, 1, ids(5)], one);
    await expectPages(store, [2, 0, ids(5)], other);
    expectThat(store.has(0, 1, ids(5)[0]!), 'a written page is there');
    expectThat(!store.has(0, 0, ids(5)[0]!), 'the same page of another head is not');
  }),

  storeCase('keeps a copy: the caller may change its bytes afterwards', async (store) => {
    const bytes = randomPages(1, 4);
    const before = bytes.slice();
    await store.write(0, 0, ids(1), bytes);
    bytes.fill(0);
    await expectPages(store, [0, 0, ids(1)], before);
  }),

  storeCase('stores the part of a larger buffer that it was given', async (store) => {
    const bytes = randomPages(5, 12);
    const part = bytes.subarray(shape.pageBytes, 3 * shape.pageBytes);
    await store.write(0, 0, ids(1, 2), part);
    await expectPages(store, [0, 0, ids(1, 2)], part);
  }),

  storeCase('writing again replaces', async (store) => {
    await store.write(0, 0, ids(1, 2), randomPages(2, 5));
    const second = randomPages(2, 6);
    await store.write(0, 0, ids(2, 1), second);
    await expectPages(store, [0, 0, ids(2, 1)], second);
  }),

  storeCase('a dropped page is gone in all layers, the others stay', async (store) => {
    const kept = randomPages(1, 7);
    await store.write(0, 0, ids(1), randomPages(1, 8));
    await store.write(2, 1, ids(1), randomPages(1, 9));
    await store.write(0, 0, ids(2), kept);
    store.drop(ids(1, 77));
    expectThat(!store.has(0, 0, ids(1)[0]!), 'a dropped page is gone');
    expectThat(!store.has(2, 1, ids(1)[0]!), 'a dropped page is gone from every layer');
    await expectPages(store, [0, 0, ids(2)], kept);
  }),

  storeCase('a page beside dropped ones of the same write stays', async (store) => {
    const bytes = randomPages(3, 13);
    await store.write(0, 0, ids(1, 2, 3), bytes);
    store.drop(ids(1, 3));
    await store.write(1, 0, ids(9), randomPages(1, 14));
    await expectPages(store, [0, 0, ids(2)], bytes.slice(shape.pageBytes, 2 * shape.pageBytes));
  }),

  storeCase('a dropped page that is written anew has no old parts', async (store) => {
    await store.write(0, 0, ids(1), randomPages(1, 10));
    store.drop(ids(1));
    await store.write(1, 1, ids(1), randomPages(1, 11));
    expectThat(!store.has(0, 0, ids(1)[0]!), 'the old part is gone');
  }),

  storeCase('many pages at once, read back in the opposite order', async (store) => {
    const numPages = 600;
    const pages = ids(...Array.from({ length: numPages }, (_, i) => 3 * i));
    const bytes = randomPages(numPages, 15);
    await store.write(2, 1, pages, bytes);
    const page = (i: number) => bytes.subarray(i * shape.pageBytes, (i + 1) * shape.pageBytes);
    const opposite = new Uint8Array(bytes.length);
    pages.forEach((_, i) => opposite.set(page(numPages - 1 - i), i * shape.pageBytes));
    await expectPages(store, [2, 1, pages.toReversed()], opposite);
  }),

  storeCase('nothing at all is written and read', async (store) => {
    await store.write(0, 0, [], new Uint8Array(0));
    await expectPages(store, [0, 0, []], new Uint8Array(0));
  }),
];

const interleavings = [
  storeCase('many calls at once', async (store) => {
    const lists = Array.from({ length: 6 }, (_, list) => ({ list, bytes: randomPages(20, 30 + list) }));
    const pages = ids(...Array.from({ length: 20 }, (_, i) => i));
    await Promise.all(lists.map(async ({ list, bytes }) => store.write(list >> 1, list & 1, pages, bytes)));
    await Promise.all(
      lists.map(({ list, bytes }) => expectPages(store, [list >> 1, list & 1, pages], bytes)),
    );
  }),

  storeCase('of two writes of a page the later counts, waited for or not', async (store) => {
    const second = randomPages(2, 41);
    const writes = [store.write(0, 0, ids(1, 2), randomPages(2, 40)), store.write(0, 0, ids(2, 1), second)];
    await Promise.all(writes.map(async (write) => write));
    await expectPages(store, [0, 0, ids(2, 1)], second);
  }),

  storeCase('a drop forgets what a write under way brings', async (store) => {
    const bytes = randomPages(2, 42);
    const write = store.write(0, 0, ids(1, 2), bytes);
    store.drop(ids(1));
    await write;
    expectThat(!store.has(0, 0, ids(1)[0]!), 'the dropped page is gone');
    await expectPages(store, [0, 0, ids(2)], bytes.slice(shape.pageBytes));
  }),

  storeCase(
    'what is written after a drop stays, even while the write before it is under way',
    async (store) => {
      const first = store.write(0, 0, ids(1), randomPages(1, 43));
      store.drop(ids(1));
      const bytes = randomPages(1, 44);
      const second = store.write(0, 0, ids(1), bytes);
      await first;
      await second;
      await expectPages(store, [0, 0, ids(1)], bytes);
    },
  ),

  storeCase('a read gives what was there when it was called', async (store) => {
    const bytes = randomPages(3, 45);
    await store.write(0, 0, ids(1, 2, 3), bytes);
    const reading = expectPages(store, [0, 0, ids(1, 2, 3)], bytes);
    store.drop(ids(1));
    const write = store.write(0, 0, ids(2), randomPages(1, 46));
    await reading;
    await write;
  }),

  {
    name: 'closing ends a write under way, stored or disposed',
    async run(create) {
      const store = await create(shape, roomyBytes);
      const write = (async () => store.write(0, 0, ids(1), randomPages(1, 47)))();
      const end = write.catch((error: unknown) => error);
      await store.close();
      const error = await end;
      const isDisposed = error instanceof EngineError && error.code === 'disposed';
      expectThat(error === undefined || isDisposed, `the write ends well, not with ${String(error)}`);
      expectThat(store.hostBytes === 0 && store.diskBytes === 0, 'nothing is held any more');
    },
  },
] satisfies HostStoreCase[];

/** What a store should hold, and which parts are being written and may not be asked for yet. */
class Model {
  readonly pages = new Map<string, Uint8Array>();
  readonly busy = new Map<string, number>();

  key = (list: number, id: PageId) => `${list}:${id}`;

  /** The pages of `list` that may be read now. */
  readable(list: number, numIds: number): PageId[] {
    const all = ids(...Array.from({ length: numIds }, (_, i) => i));
    return all.filter((id) => this.pages.has(this.key(list, id)) && !this.busy.get(this.key(list, id)));
  }

  drop(id: PageId): void {
    for (let list = 0; list < 6; list++) this.pages.delete(this.key(list, id));
  }
}

/**
 * A seeded sequence of writes, reads and drops, waited for or not, against a plain map.
 * @param maxBusy calls under way at most
 */
function randomCase(seed: number, numSteps: number, maxBusy: number): HostStoreCase {
  return storeCase(`${numSteps} random calls, ${maxBusy} at once, seed ${seed}`, async (store) => {
    const numIds = 48;
    const next = randomSource(seed);
    const pick = (end: number) => Math.floor(next() * end);
    const choose = (from: PageId[], count: number) =>
      from
        .map((id) => ({ id, order: next() }))
        .sort((a, b) => a.order - b.order)
        .slice(0, count)
        .map(({ id }) => id);
    const all = ids(...Array.from({ length: numIds }, (_, i) => i));
    const model = new Model();
    const calls = new Set<Promise<void>>();

    function write(list: number, pages: PageId[], bytes: Uint8Array): Promise<void> | void {
      const keys = pages.map((id) => model.key(list, id));
      keys.forEach((key, i) => {
        model.pages.set(key, bytes.subarray(i * shape.pageBytes, (i + 1) * shape.pageBytes));
      });
      const writing = store.write(list >> 1, list & 1, pages, bytes);
      if (!writing) return;
      for (const key of keys) model.busy.set(key, (model.busy.get(key) ?? 0) + 1);
      return writing.then(() => {
        for (const key of keys) model.busy.set(key, model.busy.get(key)! - 1);
      });
    }

    function read(list: number, pages: PageId[]): Promise<void> {
      const expected = new Uint8Array(pages.length * shape.pageBytes);
      pages.forEach((id, i) => expected.set(model.pages.get(model.key(list, id))!, i * shape.pageBytes));
      return expectPages(store, [list >> 1, list & 1, pages], expected);
    }

    for (let step = 0; step < numSteps; step++) {
      const list = pick(6);
      const kind = next();
      let call: Promise<void> | void = undefined;
      if (kind < 0.45) {
        const pages = choose(all, 1 + pick(12));
        call = write(list, pages, randomPages(pages.length, seed * 1000 + step));
      } else if (kind < 0.9) {
        call = read(list, choose(model.readable(list, numIds), 1 + pick(10)));
      } else {
        const pages = choose(all, 1 + pick(8));
        for (const id of pages) model.drop(id);
        store.drop(pages);
      }
      if (call) {
        const tracked = call.finally(() => calls.delete(tracked));
        calls.add(tracked);
      }
      while (calls.size > maxBusy) await Promise.race(calls);
    }
    await Promise.all(calls);
    for (let list = 0; list < 6; list++) {
      for (const id of all) {
        const isStored = model.pages.has(model.key(list, id));
        expectThat(
          store.has(list >> 1, list & 1, id) === isStored,
          `page ${id} of list ${list}: ${isStored}`,
        );
      }
      await read(list, model.readable(list, numIds));
    }
  });
}

/** All of them; names are unique. */
export const hostStoreCases: readonly HostStoreCase[] = [
  ...plainCases,
  ...interleavings,
  randomCase(1, 300, 0),
  randomCase(2, 400, 3),
  randomCase(3, 400, 12),
];
