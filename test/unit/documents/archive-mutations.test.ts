/** Exported documents that nobody means well, drawn by a seed: each is refused with a typed error, or is a document that can be read. */
import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { expect, test } from 'vitest';
import { checksum } from '../../../src/documents/checksum';
import { DocumentLibrary } from '../../../src/documents/library';
import { payloadBytes, placesOfRun } from '../../../src/documents/manifest';
import { EngineError } from '../../../src/util/errors';
import { isFullRun } from '../../support/full-run';
import { mutate, stringify } from '../../support/mutated-model';
import { randomSource } from '../../../tools/util/random';

/** More or other ones: `LONGPAGE_SEED=123` begins there. */
const first = Number(process.env.LONGPAGE_SEED ?? 1);
const numMutations = isFullRun ? 2000 : 100;

const text = 'A whale, and \u{1f40b} another.';
const ids = Array.from({ length: 300 }, (_, i) => i);
const newLibrary = () =>
  new DocumentLibrary({
    fingerprint: 'these weights',
    layout: { numLayers: 2, numKvHeads: 1, pageBytes: 64, summaryBytes: 8 },
    pages: { format: 'f16', headDim: 8 },
    locks: undefined,
  });

/** A document of two runs of pages, as a file. */
async function exported(library: DocumentLibrary): Promise<Uint8Array> {
  const draft = await library.draft('whale', text);
  await library.begin(draft, {
    id: 'whale',
    title: 'Whale',
    text,
    head: '',
    renderedAt: 1,
    ids,
    details: { places: [{ startChar: 3, label: 'p. 1' }], notes: ['One page is missing.'] },
  });
  for (const [run, numReadTokens] of [256, 288].entries()) {
    const records = placesOfRun(draft.manifest, run).map((place) => ({
      place,
      payload: new Uint8Array(payloadBytes({ ...draft.manifest, numReadTokens }, place)).fill(run + 1),
    }));
    await library.append(draft, records, numReadTokens);
  }
  draft.lock.release();
  return new Uint8Array(await (await library.export('whale')).arrayBuffer());
}

/** Fields of the manifest changed, with its length and checksum right; or bytes anywhere; or cut, or longer. */
function mutated(whole: Uint8Array, seed: number): Blob {
  const next = randomSource(seed);
  const below = (count: number) => Math.floor(next() * count);
  const kind = below(3);
  const bytes = whole.slice();
  if (kind === 0) {
    const end = 20 + new DataView(bytes.buffer).getUint32(12, true);
    const manifest: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(20, end)));
    const json = new TextEncoder().encode(stringify(mutate(manifest, next)));
    const header = bytes.slice(0, 20);
    new DataView(header.buffer).setUint32(12, json.byteLength, true);
    new DataView(header.buffer).setUint32(16, checksum(json), true);
    return new Blob([header, json, bytes.slice(end)]);
  }
  if (kind === 1) {
    for (let i = 1 + below(4); i > 0; i--) {
      bytes[below(bytes.length)] = [0, 1, 0x7f, 0x80, 0xff, below(256)][below(6)]!;
    }
    return new Blob([bytes]);
  }
  return next() < 0.5
    ? new Blob([bytes.slice(0, below(bytes.length))])
    : new Blob([bytes, new Uint8Array(1 + below(100))]);
}

test(`${numMutations} mutated archives from ${first} on are refused, or can be read`, async () => {
  globalThis.indexedDB = new IDBFactory();
  const library = newLibrary();
  const whole = await exported(library);
  let numRefused = 0;
  for (let seed = first; seed < first + numMutations; seed++) {
    const startedAt = performance.now();
    try {
      const { id, state } = await library.import(mutated(whole, seed));
      // What it is by its own words shows here, and whoever opens it learns more.
      if (state === 'complete' || state === 'partial') {
        const stored = await library.open(id);
        await stored.ids();
        await stored.text();
        stored.close();
      }
      await library.places(id);
      await library.delete(id);
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw new Error(`archive ${seed}`, { cause });
      expect(cause.code, `archive ${seed}: ${cause.message}`).toBe('document-damaged');
      numRefused++;
    }
    if (isFullRun) expect(performance.now() - startedAt, `archive ${seed}`).toBeLessThan(5000);
    expect(
      (await library.list()).map(({ id }) => id),
      `archive ${seed}`,
    ).toEqual(['whale']);
  }
  expect(numRefused).toBeGreaterThan(numMutations / 2);
  expect(new Uint8Array(await (await library.export('whale')).arrayBuffer())).toEqual(whole);
});
