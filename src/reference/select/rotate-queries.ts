/** CPU twin of select/rotate-queries. */
import { hadamard, rotatedBlock } from '../cache/page-digest';

/** Writes a query head, after RoPE, as query `index` of `queries [headDim / 4 + 2]`. */
export function rotateQuery(
  query: Float32Array<ArrayBuffer>,
  scale: number,
  queries: Uint32Array,
  index: number,
): void {
  const words = query.length / 4;
  const start = index * (words + 2);
  const rotated = hadamard(query);
  const most = rotated.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  const toCode = most === 0 ? 0 : Math.fround(127 / most);
  let sum = 0;
  queries.fill(0, start, start + words);
  rotated.forEach((x, channel) => {
    const code = Math.floor(Math.fround(Math.fround(x * toCode) + 0.5));
    sum += code;
    queries[start + (channel >> 2)]! |= (code & 255) << (8 * (channel & 3));
  });
  const tail = new DataView(queries.buffer, queries.byteOffset + 4 * (start + words));
  tail.setFloat32(0, (scale * most) / 127 / Math.sqrt(rotatedBlock(query.length)), true);
  tail.setUint32(0, (tail.getUint32(0, true) + 0x800) & 0xfffff000, true);
  tail.setInt32(4, sum, true);
}

/** The rotated query that codes stand for, times attention's scale. */
export function loadQuery(queries: Uint32Array, index: number, headDim: number): Float32Array<ArrayBuffer> {
  const start = index * (headDim / 4 + 2);
  const view = new DataView(queries.buffer, queries.byteOffset + 4 * start);
  const unit = view.getFloat32(headDim, true);
  return Float32Array.from({ length: headDim }, (_, channel) => view.getInt8(channel) * unit);
}
