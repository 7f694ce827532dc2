/** A document as one file, for export and import: what comes in is checked like anything from a stranger. */
import { pageTokens } from '../cache/page';
import { EngineError } from '../util/errors';
import { checksum } from './checksum';
import type { NewRecord } from './document-database';
import {
  numLists,
  numRuns,
  pagesPerRun,
  parseManifest,
  payloadBytes,
  placesOfRun,
  type Manifest,
} from './manifest';
import { decodeRecord, encodeRecord, recordOverheadBytes, type RecordPlace } from './record';
import type { StoredDocument } from './stored-document';

/** "LONGPAGE", then the version of this form, the bytes of the manifest and their checksum, u32 little-endian. */
const magic = new TextEncoder().encode('LONGPAGE');
const version = 2;
const headerBytes = magic.byteLength + 12;
const maxManifestBytes = 2 ** 24;
/** A longer text is no document: reading it would take days. */
const maxTextBytes = 2 ** 28;

/** A document that was exported. */
interface Archive {
  readonly manifest: Manifest;
  /** Text and token ids. */
  readonly contents: readonly NewRecord[];
  /** Its runs of pages one by one, in order, each with the tokens that are read with it. */
  readonly runs: () => AsyncGenerator<{ readonly records: NewRecord[]; readonly numReadTokens: number }>;
}

/**
 * The whole document: header, manifest, and its records, each behind its length.
 * @throws EngineError `document-damaged` when a record of it is
 */
export async function exportArchive(stored: StoredDocument): Promise<Blob> {
  const { manifest, numPages } = stored;
  const json = new TextEncoder().encode(JSON.stringify(manifest));
  const header = new Uint8Array(headerBytes);
  header.set(magic);
  const numbers = new DataView(header.buffer, magic.byteLength);
  numbers.setUint32(0, version, true);
  numbers.setUint32(4, json.byteLength, true);
  numbers.setUint32(8, checksum(json), true);
  const parts: BlobPart[] = [header, json];
  const add = (place: RecordPlace, payload: Uint8Array, target: BlobPart[]) => {
    const record = encodeRecord(place, payload);
    target.push(Uint32Array.of(record.byteLength), record);
  };
  add(textPlace, new TextEncoder().encode(await stored.text()), parts);
  add(idsPlace, new Uint8Array(Uint32Array.from(await stored.ids()).buffer), parts);
  for (let run = 0; run < numRuns(numPages); run++) {
    const ofRun: BlobPart[] = [];
    for (const place of placesOfRun(manifest, run)) add(place, await stored.payload(place), ofRun);
    // The browser may keep blobs on the disk: the tab's memory holds one run at a time.
    parts.push(new Blob(ofRun));
  }
  return new Blob(parts, { type: 'application/x-longpage-document' });
}

/**
 * Reads header and contents; runs are read when they are asked for.
 * @throws EngineError `document-damaged` for anything that is no whole archive, from here or from `runs`
 */
export async function importArchive(blob: Blob): Promise<Archive> {
  const reader = new ArchiveReader(blob);
  const header = await reader.take(headerBytes);
  if (!magic.every((byte, i) => header[i] === byte)) throw unusable('it does not begin as one');
  const numbers = new DataView(header.buffer, header.byteOffset + magic.byteLength);
  if (numbers.getUint32(0, true) !== version) throw unusable('it is of another version');
  const manifestBytes = numbers.getUint32(4, true);
  if (manifestBytes > maxManifestBytes) throw unusable('its manifest is too long');
  const json = await reader.take(manifestBytes);
  if (numbers.getUint32(8, true) !== checksum(json)) throw unusable('its manifest was altered');
  const manifest = readManifest(json);
  const numPages = manifest.numReadTokens / pageTokens;
  const perPage = numLists(manifest.layout) * (manifest.layout.pageBytes + manifest.layout.summaryBytes);
  if (numPages * perPage > blob.size) throw unusable(`its ${numPages} pages are not all there`);
  const text = await reader.record(textPlace, maxTextBytes);
  const ids = await reader.record(idsPlace, 4 * manifest.numTokens);
  if (ids.byteLength !== 4 * manifest.numTokens) throw unusable('its token ids are not all there');
  return {
    manifest,
    contents: [
      { place: textPlace, payload: text },
      { place: idsPlace, payload: ids },
    ],
    async *runs() {
      for (let run = 0; run < numRuns(numPages); run++) {
        const records: NewRecord[] = [];
        for (const place of placesOfRun(manifest, run)) {
          const sizeBytes = payloadBytes(manifest, place);
          records.push({ place, payload: await reader.record(place, sizeBytes, sizeBytes) });
        }
        yield { records, numReadTokens: Math.min(numPages, (run + 1) * pagesPerRun) * pageTokens };
      }
      if (!reader.isAtEnd) throw unusable('something follows it');
    },
  };
}

const textPlace: RecordPlace = { kind: 'text', list: 0, run: 0 };
const idsPlace: RecordPlace = { kind: 'ids', list: 0, run: 0 };

function readManifest(bytes: Uint8Array): Manifest {
  try {
    return parseManifest(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw unusable(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Takes a blob apart from its beginning on. */
class ArchiveReader {
  readonly #blob: Blob;
  #at = 0;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#blob.size;
  }

  async take(sizeBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#at + sizeBytes > this.#blob.size) throw unusable(`it ends after ${this.#blob.size} bytes`);
    const part = this.#blob.slice(this.#at, this.#at + sizeBytes);
    this.#at += sizeBytes;
    return new Uint8Array(await part.arrayBuffer());
  }

  /** The payload of the next record. */
  async record(place: RecordPlace, maxBytes: number, sizeBytes?: number): Promise<Uint8Array<ArrayBuffer>> {
    const length = new DataView((await this.take(4)).buffer).getUint32(0, true);
    if (length > maxBytes + recordOverheadBytes) throw unusable(`a record of ${length} bytes is too long`);
    const value = await this.take(length);
    try {
      return decodeRecord(place, value, sizeBytes);
    } catch (cause) {
      throw unusable((cause as Error).message, cause);
    }
  }
}

function unusable(reason: string, cause?: unknown): EngineError {
  return new EngineError('document-damaged', `This file is no whole Longpage document: ${reason}.`, {
    cause,
  });
}
