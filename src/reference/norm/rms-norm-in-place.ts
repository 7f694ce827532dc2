/** CPU twin of norm/rms-norm-in-place. */
import { rmsNorm } from './rms-norm';

/** Where the columns lie that are normed. */
interface NormedPart {
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  readonly offset: number;
  readonly firstRow: number;
  readonly firstWeight: number;
  readonly epsilon: number;
}

/** A copy of `y [.., stride]` with that part of its rows normed and multiplied by `weight`. */
export function rmsNormInPlace(
  y: Float32Array,
  weight: Float32Array,
  { rows, width, stride, offset, firstRow, firstWeight, epsilon }: NormedPart,
): Float32Array<ArrayBuffer> {
  const result = Float32Array.from(y);
  for (let row = firstRow; row < firstRow + rows; row++) {
    const start = row * stride + offset;
    const part = rmsNorm(y.subarray(start, start + width), weight.subarray(firstWeight), {
      rows: 1,
      width,
      epsilon,
    });
    result.set(part, start);
  }
  return result;
}
