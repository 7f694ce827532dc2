/** MLX's quantised matrices as rows that the kernels have: which format, and how its integers and scales are filled. Pure. */
import type { GroupQuantization } from '../config/quantization';
import { formatTraits, matrixLayout, type MatrixFormat } from '../kernels/linear/matrix-format';
import { areFinite, widenElements } from './elements';
import type { MlxPart } from './mlx-groups';
import type { LoadableType } from './safetensors';

/** The format that keeps groups as they are, or the next wider one. */
export function mlxFormat({ bits, groupSize }: GroupQuantization, scales: LoadableType): MatrixFormat {
  if (scales === 'F32') return 'q8-f32-16';
  const width = bits <= 4 ? 4 : 8;
  const size = groupSize as 32 | 64 | 128;
  if (scales === 'BF16') return `q${width}-bf16-${size}`;
  return size === 32 ? `q${width}` : `q${width}-f16-${size}`;
}

/** Packed rows `[rows, numColumns * bits / 8]` bytes as the values of a format of 4 or 8 bits. */
export function mlxValues(
  packed: Uint8Array<ArrayBuffer>,
  bits: number,
  format: MatrixFormat,
  numColumns: number,
): Uint8Array<ArrayBuffer> {
  const { bits: width } = formatTraits[format];
  const { valueBytesPerRow } = matrixLayout(format, numColumns);
  const rowBytes = (numColumns * bits) / 8;
  if (bits === width && rowBytes === valueBytesPerRow) return packed;
  const numRows = packed.length / rowBytes;
  const values = new Uint8Array(numRows * valueBytesPerRow);
  const mask = (1 << bits) - 1;
  for (let row = 0; row < numRows; row++) {
    for (let k = 0; k < numColumns; k++) {
      const bit = k * bits;
      const at = row * rowBytes + (bit >> 3);
      // What lies beyond the end is masked away.
      const q = ((((packed[at + 1] ?? 0) << 8) | packed[at]!) >> (bit & 7)) & mask;
      if (width === 8) values[row * valueBytesPerRow + k] = q;
      else values[row * valueBytesPerRow + (k >> 1)]! |= q << (4 * (k & 1));
    }
  }
  return values;
}

/** Scales and biases of the same groups. */
interface GroupBytes {
  readonly scales: Uint8Array<ArrayBuffer>;
  readonly biases: Uint8Array<ArrayBuffer>;
}

/**
 * Scales and biases, each `[numRows, numColumns / groupSize]` of `type`, as the scales of a format.
 * @returns undefined where one is infinite or no number
 */
export function mlxScales(
  type: LoadableType,
  { scales, biases }: GroupBytes,
  { groupSize, numColumns }: MlxPart,
  format: MatrixFormat,
): Uint8Array<ArrayBuffer> | undefined {
  if (!areFinite(type, scales) || !areFinite(type, biases)) return undefined;
  const { scales: kind } = formatTraits[format];
  if (kind === 'f32') {
    const [a, b] = [widenElements(type, scales), widenElements(type, biases)];
    const perGroup = groupSize / 16;
    const pairs = new Float32Array(2 * perGroup * a.length);
    for (let i = 0; i < pairs.length / 2; i++) {
      const group = Math.floor(i / perGroup);
      pairs[2 * i] = a[group]!;
      pairs[2 * i + 1] = b[group]!;
    }
    return new Uint8Array(pairs.buffer);
  }
  const halves = (bytes: Uint8Array<ArrayBuffer>) =>
    new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const [a, b] = [halves(scales), halves(biases)];
  const pairs = new Uint16Array(2 * a.length);
  for (let i = 0; i < a.length; i++) {
    pairs[2 * i] = a[i]!;
    pairs[2 * i + 1] = b[i]!;
  }
  return numColumns > 0 ? new Uint8Array(pairs.buffer) : undefined;
}
