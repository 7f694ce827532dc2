/** CPU twin of cache/page-digest, and the transform that it shares with select/rotate-queries. */
import { fromF16Bits, toF16Bits } from '../../util/f16';

/** Channels that are transformed together: the largest power of two that divides `headDim`. */
export function rotatedBlock(headDim: number): number {
  return headDim & -headDim;
}

/** The Hadamard transform of each block of channels, not divided by the block's root, in f32 as the kernel has it. */
export function hadamard(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const result = vector.slice();
  for (let half = 1; half < rotatedBlock(vector.length); half *= 2) {
    for (let i = 0; i < vector.length / 2; i++) {
      const at = Math.floor(i / half) * 2 * half + (i % half);
      const [a, b] = [result[at]!, result[at + half]!];
      result[at] = a + b;
      result[at + half] = a - b;
    }
  }
  return result;
}

/** The levels of codes 0 … 3, in units of a token's scale. */
const levels = [-10, -3, 3, 10];

/** Writes the digest of 16 keys to `digests [slots, digest]`; `key(token)` gives one as it is stored. */
export function pageDigest(
  key: (token: number) => Float32Array<ArrayBuffer>,
  digests: Uint32Array,
  slot: number,
  headDim: number,
): void {
  const start = slot * (headDim + 8);
  digests.fill(0, start, start + headDim + 8);
  for (let token = 0; token < 16; token++) {
    const stored = key(token);
    const sum = stored.reduce((total, x) => Math.fround(total + x * x), 0);
    const outer = Math.fround(0.96353856) * Math.fround(sum * rotatedBlock(headDim));
    hadamard(stored).forEach((x, channel) => {
      const square = x * Math.abs(x) * headDim;
      const code = Number(square > -outer) + Number(square >= 0) + Number(square > outer);
      const [unit, half, byte] = [channel >> 3, (channel >> 2) & 1, channel & 3];
      digests[start + 8 * unit + (token >> 1)]! |= code << (8 * byte + 2 * (half + 2 * (token & 1)));
    });
    const scale = toF16Bits(Math.min(0.151 * Math.sqrt(sum / headDim), 65504));
    digests[start + headDim + (token >> 1)]! |= scale << (16 * (token & 1));
  }
}

/** The rotated key of a token that a digest stands for. */
export function loadDigest(
  digests: Uint32Array,
  slot: number,
  token: number,
  headDim: number,
): Float32Array<ArrayBuffer> {
  const start = slot * (headDim + 8);
  const scale = fromF16Bits((digests[start + headDim + (token >> 1)]! >>> (16 * (token & 1))) & 0xffff);
  return Float32Array.from({ length: headDim }, (_, channel) => {
    const [unit, half, byte] = [channel >> 3, (channel >> 2) & 1, channel & 3];
    const word = digests[start + 8 * unit + (token >> 1)]!;
    return levels[(word >>> (8 * byte + 2 * (half + 2 * (token & 1)))) & 3]! * scale;
  });
}
