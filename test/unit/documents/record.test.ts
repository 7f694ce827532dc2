/** Records: what was stored comes back; anything else is found. */
import { expect, test } from 'vitest';
import { decodeRecord, encodeRecord, RecordDamage, type RecordPlace } from '../../../src/documents/record';

const place: RecordPlace = { kind: 'pages', list: 3, run: 5 };
const payload = Uint8Array.from({ length: 67 }, (_, i) => (i * 37) % 256);

test.each([0, 1, 3, 4, 8, 66, 67])('a payload of %i bytes comes back', (length) => {
  const record = encodeRecord(place, payload.subarray(0, length));
  expect(decodeRecord(place, record, length)).toEqual(payload.subarray(0, length));
});

test('every bit that changes is found', () => {
  const record = encodeRecord(place, payload);
  for (let byte = 0; byte < record.byteLength; byte++) {
    // Bytes 12 to 15 are room for later.
    if (byte >= 12 && byte < 16) continue;
    for (let bit = 0; bit < 8; bit++) {
      const altered = record.slice();
      altered[byte]! ^= 1 << bit;
      expect(() => decodeRecord(place, altered), `byte ${byte}, bit ${bit}`).toThrow(RecordDamage);
    }
  }
});

test.each([
  ['missing', undefined],
  ['no record', 'text'],
  ['no record', new Uint8Array(3)],
  ['66 bytes of 67', encodeRecord(place, payload).slice(0, -1)],
  ['altered', encodeRecord({ ...place, run: 6 }, payload)],
  ['altered', encodeRecord({ ...place, list: 4 }, payload)],
  ['altered', encodeRecord({ ...place, kind: 'text' }, payload)],
])('%s', (reason, value) => {
  expect(() => decodeRecord(place, value)).toThrow(reason);
});

test('of another length than belongs there', () => {
  expect(() => decodeRecord(place, encodeRecord(place, payload), 68)).toThrow('68 belong there');
});
