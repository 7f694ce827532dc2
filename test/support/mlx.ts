/** Matrices quantised as MLX quantises them, and what they mean in f32. */
import { randomSource } from '../../tools/util/random';
import { toF16Bits, fromF16Bits } from '../../src/util/f16';

/** The three tensors of a matrix `[numRows, columns]`, and its weights. */
export interface MlxMatrix {
  /** Integers of so many bits one after the other, lowest bits first. */
  readonly weight: Uint8Array<ArrayBuffer>;
  readonly scales: Uint8Array<ArrayBuffer>;
  readonly biases: Uint8Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
}

/** Random groups; scales and biases are numbers that `type` can hold. */
export function randomMlxMatrix(
  numRows: number,
  columns: number,
  { bits, groupSize, type, seed }: { bits: number; groupSize: number; type: 'F16' | 'BF16'; seed: number },
): MlxMatrix {
  const next = randomSource(seed);
  const numGroups = (numRows * columns) / groupSize;
  const weight = new Uint8Array((numRows * columns * bits) / 8);
  const values = new Float32Array(numRows * columns);
  const half = (value: number) =>
    type === 'F16' ? toF16Bits(value) : new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
  const float = (bits16: number) =>
    type === 'F16' ? fromF16Bits(bits16) : new Float32Array(Uint32Array.of(bits16 << 16).buffer)[0]!;
  const scales = Uint16Array.from({ length: numGroups }, () => half((0.2 + next()) / 2 ** bits / 4));
  const biases = Uint16Array.from({ length: numGroups }, () => half(-(0.2 + next()) / 8));
  for (let i = 0; i < values.length; i++) {
    const q = Math.floor(next() * 2 ** bits);
    for (let bit = 0; bit < bits; bit++) {
      const at = i * bits + bit;
      weight[at >> 3]! |= ((q >> bit) & 1) << (at & 7);
    }
    const group = Math.floor(i / groupSize);
    values[i] = float(scales[group]!) * q + float(biases[group]!);
  }
  return { weight, scales: new Uint8Array(scales.buffer), biases: new Uint8Array(biases.buffer), values };
}
