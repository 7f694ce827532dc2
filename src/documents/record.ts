/** One record of a stored document: a header that says what must follow, then the bytes. Pure. */
import { checksum } from './checksum';

/** Why a record cannot be used, as a clause. */
export class RecordDamage extends Error {
  override readonly name = 'RecordDamage';
}

/** Which record of a document: what it holds, of which list (0 where there is one only), and which run of pages. */
export interface RecordPlace {
  readonly kind: RecordKind;
  readonly list: number;
  readonly run: number;
}

/**
 * `pages` of one KV head of one layer, `[pages, page]`; `summaries` of all heads, `[lists, pages, summary]`; the token `ids`,
 * u32; the `text`, UTF-8.
 */
type RecordKind = 'pages' | 'summaries' | 'ids' | 'text';

const codes: Readonly<Record<RecordKind, number>> = { pages: 0, summaries: 1, ids: 2, text: 3 };

/** "LPDR", and the version of this form. */
const magic = 0x5244504c;
const headerBytes = 16;

/** Bytes of a record around its payload. */
export const recordOverheadBytes = headerBytes;

/** The number of a kind, for keys. */
export function kindCode(kind: RecordKind): number {
  return codes[kind];
}

/** A record with this payload, in a buffer of its own. */
export function encodeRecord(place: RecordPlace, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(headerBytes + payload.byteLength);
  record.set(payload, headerBytes);
  const header = new Uint32Array(record.buffer, 0, headerBytes / 4);
  header[0] = magic;
  header[1] = payload.byteLength;
  header[2] = checksum(record.subarray(headerBytes), seedOf(place));
  return record;
}

/**
 * The payload of a stored value, a view of it, at a multiple of four.
 * @throws RecordDamage when it is not the record that was stored at this place, whole and unchanged
 */
export function decodeRecord(
  place: RecordPlace,
  value: unknown,
  payloadBytes?: number,
): Uint8Array<ArrayBuffer> {
  const name = `the record of ${place.kind} ${place.list}:${place.run}`;
  if (value === undefined) throw new RecordDamage(`${name} is missing`);
  if (!(value instanceof Uint8Array) || value.byteLength < headerBytes) {
    throw new RecordDamage(`${name} is no record`);
  }
  const bytes = value.byteOffset % 4 === 0 ? (value as Uint8Array<ArrayBuffer>) : value.slice();
  const header = new Uint32Array(bytes.buffer, bytes.byteOffset, headerBytes / 4);
  const payload = bytes.subarray(headerBytes);
  if (header[0] !== magic) throw new RecordDamage(`${name} does not begin as a record`);
  if (header[1] !== payload.byteLength) {
    throw new RecordDamage(`${name} has ${payload.byteLength} bytes of ${header[1]}`);
  }
  if (payloadBytes !== undefined && payload.byteLength !== payloadBytes) {
    throw new RecordDamage(`${name} has ${payload.byteLength} bytes; ${payloadBytes} belong there`);
  }
  if (header[2] !== checksum(payload, seedOf(place))) throw new RecordDamage(`${name} was altered`);
  return payload;
}

function seedOf({ kind, list, run }: RecordPlace): number {
  return (
    Math.imul(codes[kind] + 1, 0x9e3779b1) ^ Math.imul(list + 1, 0x85ebca77) ^ Math.imul(run + 1, 0xc2b2ae3d)
  );
}
