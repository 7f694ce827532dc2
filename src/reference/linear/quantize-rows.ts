/** CPU twin of linear/quantize-rows. */

/** Codes, column by column, and scales of rows. */
export interface QuantizedRows {
  /** `[rows, columns]`, -127 to 127. */
  readonly codes: Int8Array;
  /** `[rows, ceil(columns / 32)]`. */
  readonly scales: Float32Array<ArrayBuffer>;
}

/** `x [rows, columns]` in 8 bits, 32 columns with one scale. */
export function quantizeRows(x: Float32Array, columns: number): QuantizedRows {
  const rows = x.length / columns;
  const groups = Math.ceil(columns / 32);
  const codes = new Int8Array(x.length);
  const scales = new Float32Array(rows * groups);
  for (let row = 0; row < rows; row++) {
    for (let group = 0; group < groups; group++) {
      const start = row * columns + 32 * group;
      const end = Math.min(start + 32, (row + 1) * columns);
      const most = x.subarray(start, end).reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0);
      scales[row * groups + group] = most / 127;
      if (most === 0) continue;
      for (let k = start; k < end; k++) codes[k] = roundHalfToEven((x[k]! * 127) / most);
    }
  }
  return { codes, scales };
}

/** What the codes stand for: `[rows, columns]`. */
export function dequantizeRows({ codes, scales }: QuantizedRows, columns: number): Float32Array<ArrayBuffer> {
  const groups = Math.ceil(columns / 32);
  return Float32Array.from(codes, (code, k) => {
    const row = Math.floor(k / columns);
    return code * scales[row * groups + Math.floor((k % columns) / 32)]!;
  });
}

/** Codes as the kernel stores them: `[rows, groups, 8]` words, of each 8 columns the even ones, of all 32, then the odd ones. */
export function packCodes(codes: Int8Array, columns: number): Uint32Array<ArrayBuffer> {
  const rows = codes.length / columns;
  const groups = Math.ceil(columns / 32);
  const bytes = new Uint8Array(rows * groups * 32);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < columns; k++) {
      const word = 4 * (k % 2) + Math.floor((k % 32) / 8);
      const group = row * groups + Math.floor(k / 32);
      bytes[32 * group + 4 * word + Math.floor((k % 8) / 2)] = codes[row * columns + k]!;
    }
  }
  return new Uint32Array(bytes.buffer);
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
