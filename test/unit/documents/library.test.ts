/** The library on a database in memory: what is stored, what a stranger's file may not do, and locks. */
import { IDBFactory, IDBObjectStore } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checksum } from '../../../src/documents/checksum';
import { keptText, keptTexts } from '../../../src/documents/kept-text';
import { DocumentLibrary } from '../../../src/documents/library';
import { payloadBytes, placesOfRun, type Manifest } from '../../../src/documents/manifest';

const layout = { numLayers: 2, numKvHeads: 1, pageBytes: 64, summaryBytes: 8 };
const text = 'A whale, and \u{1f40b} another.';
const details = { places: [{ startChar: 3, label: 'p. 1' }], notes: ['One page is missing.'] };
const ids = Array.from({ length: 300 }, (_, i) => i);

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const makeLibrary = (fingerprint = 'these weights', locks?: LockManager) =>
  new DocumentLibrary({ fingerprint, layout, pages: { format: 'f16', headDim: 8 }, locks });

/** Stores a document of 18 pages, or the first run of it. */
async function store(library: DocumentLibrary, numRuns = 2): Promise<void> {
  const draft = await library.draft('whale', text);
  await library.begin(draft, { id: 'whale', title: 'Whale', text, head: '', renderedAt: 1, ids, details });
  for (let run = 0; run < numRuns; run++) {
    const numReadTokens = run === 0 ? 256 : 288;
    const records = placesOfRun(draft.manifest, run).map((place) => {
      const sizeBytes = payloadBytes({ ...draft.manifest, numReadTokens }, place);
      return { place, payload: new Uint8Array(sizeBytes).fill(place.list + 2 * run + 1) };
    });
    await library.append(draft, records, numReadTokens);
  }
  draft.lock.release();
}

test('what is stored is listed and read back; half of it is partial', async () => {
  const library = makeLibrary();
  await store(library, 1);
  expect(await library.list()).toMatchObject([{ id: 'whale', state: 'partial', numReadTokens: 256 }]);
  await library.delete('whale');
  await store(library);
  const [info] = await library.list();
  expect(info).toMatchObject({ title: 'Whale', state: 'complete', numTokens: 300, numReadTokens: 300 });
  const stored = await library.open('whale');
  expect(await stored.ids()).toEqual(ids);
  expect(await stored.text()).toBe(text);
  expect(await stored.payload({ kind: 'pages', list: 1, run: 1 })).toEqual(new Uint8Array(128).fill(4));
  expect(await stored.summaries(1)).toHaveLength(18 * 8);
  expect(stored.bytesRead).toBeLessThanOrEqual(info!.storedBytes);
  expect(info!.notes).toEqual(details.notes);
  expect(await library.places('whale')).toEqual(details.places);
  await library.rename('whale', 'Moby');
  expect((await library.list())[0]!.title).toBe('Moby');
  await expect(library.open('nothing')).rejects.toThrow(RangeError);
});

test('other weights see a foreign document, and never its pages; its text is theirs', async () => {
  await store(makeLibrary());
  const other = makeLibrary('other weights');
  expect(await other.list()).toMatchObject([{ state: 'foreign' }]);
  await expect(other.open('whale')).rejects.toMatchObject({ code: 'document-damaged' });
  expect(await other.text('whale')).toBe(text);
  const draft = await other.draft('whale', text);
  expect(draft.known).toBeUndefined();
  // A rebuilt document keeps what it said of itself.
  await other.begin(draft, { id: 'whale', title: 'W', text, head: '', renderedAt: 1, ids, details: {} });
  expect(await other.places('whale')).toEqual(details.places);
});

describe('a disk that is full in the middle of a write', () => {
  afterEach(() => void vi.restoreAllMocks());

  /**
   * Lets `numPuts` records through. The next one is refused as it is made, or as browsers do it: its transaction is aborted, with the
   * quota as the reason.
   */
  function fillAfter(numPuts: number, how: 'at the call' | 'by an abort') {
    // oxlint-disable-next-line typescript/unbound-method -- called on the store below
    const { put } = IDBObjectStore.prototype;
    let count = 0;
    const full = () => new DOMException('Quota exceeded.', 'QuotaExceededError');
    return vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      ...args
    ) {
      if (count++ < numPuts) return put.apply(this, args);
      if (how === 'at the call') throw full();
      const request = put.apply(this, args);
      this.transaction.abort();
      Object.defineProperty(this.transaction, 'error', { value: full() });
      return request;
    });
  }

  const bytesOf = async (library: DocumentLibrary, id: string) =>
    new Uint8Array(await (await library.export(id)).arrayBuffer());

  test.each(['at the call', 'by an abort'] as const)('loses nothing: refused %s', async (how) => {
    const library = makeLibrary();
    await store(library);
    await library.import(new Blob([await bytesOf(library, 'whale')]));
    await library.delete('whale');
    const neighbour = await bytesOf(library, 'whale-2');
    // A document of two runs takes 13 puts: text, ids, manifest, then two times four records and a manifest.
    let numFailures = 0;
    for (let numPuts = 0; ; numPuts++) {
      const filling = fillAfter(numPuts, how);
      const error: unknown = await store(library).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      filling.mockRestore();
      // Nobody closed the draft.
      const read = (await library.list()).find(({ id }) => id === 'whale')?.numReadTokens;
      if (error === undefined) break;
      numFailures++;
      expect(error, `put ${numPuts}`).toMatchObject({ code: 'storage-quota' });
      expect([undefined, 0, 256], `put ${numPuts}`).toContain(read);
      // What is counted is there, and the neighbour is as it was.
      if (read !== undefined) expect((await bytesOf(library, 'whale')).byteLength).toBeGreaterThan(0);
      expect(await bytesOf(library, 'whale-2')).toEqual(neighbour);
      await library.delete('whale');
    }
    expect(numFailures).toBeGreaterThan(8);
    const [before, list] = [await bytesOf(library, 'whale'), await library.list()];

    // The old one stays where a new one has no room in its place, and who only reads is let.
    fillAfter(0, how);
    const other = makeLibrary('other weights');
    const draft = await other.draft('whale', text);
    const begun = other.begin(draft, {
      id: 'whale',
      title: 'W',
      text,
      head: '',
      renderedAt: 1,
      ids,
      details: {},
    });
    await expect(begun).rejects.toMatchObject({ code: 'storage-quota' });
    draft.lock.release();
    await expect(library.rename('whale', 'Moby')).rejects.toMatchObject({ code: 'storage-quota' });
    await expect(library.import(new Blob([before]))).rejects.toMatchObject({ code: 'storage-quota' });
    const opened = await library.open('whale');
    expect(await opened.ids()).toEqual(ids);
    opened.close();
    expect(await library.list()).toEqual(list);
    expect(await bytesOf(library, 'whale')).toEqual(before);
  });
});

test('the text of a document is read without any engine', async () => {
  await store(makeLibrary(), 1);
  expect(await keptText('whale')).toBe(text);
  await expect(keptText('nothing')).rejects.toThrow(RangeError);
  expect(await keptTexts(['whale'])).toBe(text);
  await expect(keptTexts(['whale', 'nothing'])).rejects.toThrow(RangeError);
});

describe('a file from a stranger', () => {
  const exported = async () => {
    const library = makeLibrary();
    await store(library);
    return { library, bytes: new Uint8Array(await (await library.export('whale')).arrayBuffer()) };
  };
  const refused = { code: 'document-damaged' };

  test('whole, it comes in under a further name', async () => {
    const { library, bytes } = await exported();
    expect(await library.import(new Blob([bytes]))).toMatchObject({ id: 'whale-2', state: 'complete' });
    const [stored, copy] = [await library.open('whale'), await library.open('whale-2')];
    expect(await library.places('whale-2')).toEqual(details.places);
    const place = { kind: 'pages', list: 0, run: 1 } as const;
    expect(await copy.payload(place)).toEqual(await stored.payload(place));
  });

  test('cut anywhere, or longer than it says, it is refused and leaves nothing', async () => {
    const { library, bytes } = await exported();
    for (let length = 0; length < bytes.byteLength; length += 97) {
      await expect(library.import(new Blob([bytes.slice(0, length)]))).rejects.toMatchObject(refused);
    }
    await expect(library.import(new Blob([bytes, new Uint8Array(1)]))).rejects.toMatchObject(refused);
    expect(await library.list()).toHaveLength(1);
  });

  test('with another beginning, altered bytes or absurd sizes, it is refused', async () => {
    const { library, bytes } = await exported();
    for (const at of [0, 8, 15, 19, 30, bytes.byteLength - 1]) {
      const altered = bytes.slice();
      altered[at]! ^= 0x40;
      await expect(library.import(new Blob([altered])), `byte ${at}`).rejects.toMatchObject(refused);
    }
    const length = new DataView(bytes.buffer).getUint32(12, true);
    const manifest = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + length))) as Manifest;
    const wrongs = [{ numTokens: 2 ** 40 }, { numTokens: 2 ** 24, numReadTokens: 2 ** 24 }, { id: '' }];
    for (const wrong of [...wrongs, { layout: null }]) {
      const json = new TextEncoder().encode(JSON.stringify({ ...manifest, ...wrong }));
      const header = bytes.slice(0, 20);
      new DataView(header.buffer).setUint32(12, json.byteLength, true);
      new DataView(header.buffer).setUint32(16, checksum(json), true);
      const blob = new Blob([header, json, bytes.slice(20 + length)]);
      await expect(library.import(blob), JSON.stringify(wrong)).rejects.toMatchObject(refused);
    }
  });
});

test('a document that is open elsewhere is not deleted; one that is written elsewhere is not opened', async () => {
  const held = new Map<string, string[]>();
  /** As the browser's, shared by two tabs. */
  const locks = {
    request: async (
      name: string,
      { mode }: LockOptions,
      use: (lock: Lock | null) => Promise<void> | undefined,
    ) => {
      const modes = held.get(name) ?? [];
      held.set(name, modes);
      if (modes.length > 0 && (mode === 'exclusive' || modes.includes('exclusive'))) return use(null);
      modes.push(mode!);
      await use({ name, mode: mode! });
      modes.splice(modes.indexOf(mode!), 1);
    },
  } as unknown as LockManager;
  const [here, there] = [makeLibrary('these weights', locks), makeLibrary('these weights', locks)];
  await store(here);
  const [first, second] = [await here.open('whale'), await there.open('whale')];
  await expect(there.delete('whale')).rejects.toMatchObject({ code: 'document-busy' });
  first.close();
  second.close();
  await new Promise((resolve) => setTimeout(resolve));
  const draft = await here.draft('whale', text);
  await expect(there.open('whale')).rejects.toMatchObject({ code: 'document-busy' });
  draft.lock.release();
  await new Promise((resolve) => setTimeout(resolve));
  await there.delete('whale');
  expect(await here.list()).toEqual([]);
});

test('a library that is closed says so, to what is under way too', async () => {
  const library = makeLibrary();
  await store(library);
  // Some find the database open still, and are at any place of what they do when it closes.
  const under: Promise<unknown>[] = [];
  for (let turn = 0; turn < 12; turn++) {
    under.push(library.find('whale'), library.text('whale'), library.export('whale'), library.list());
    await Promise.resolve();
  }
  await library.close();
  const results = await Promise.allSettled(under);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'disposed' });
  }
  expect(new Set(results.map(({ status }) => status)).size).toBe(2);
  await expect(library.list()).rejects.toMatchObject({ code: 'disposed' });
});
