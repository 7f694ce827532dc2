import { quantizedRowBytes } from '../../../src/kernels/linear/quantized-row';
import {
  quantizeNormed,
  quantizeNormedGrid,
  quantizeRows,
  quantizeRowsGrid,
} from '../../../src/kernels/linear/quantize-rows';
import { packCodes, quantizeRows as reference } from '../../../src/reference/linear/quantize-rows';
import type { KernelCase } from '../harness';

interface Shape {
  readonly columns: number;
  readonly rows: number;
  /** Rows of x before the first that is read. */
  readonly skippedRows?: number;
}

const shapes: readonly Shape[] = [
  { columns: 8, rows: 1 },
  { columns: 33, rows: 15 },
  { columns: 64, rows: 17, skippedRows: 3 },
  { columns: 1100, rows: 5, skippedRows: 1 },
];

/**
 * Quarters whose group has ±127 times a power of two for its largest: every division is exact, on any adapter, and no code is half
 * way between two. Every fifth group is zero.
 */
function quarters(rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const k = i % columns;
    const group = Math.floor(i / columns) * 7 + Math.floor(k / 32);
    if (group % 5 === 4) return 0;
    const steps = k % 32 === 5 ? 127 : ((i * 37) % 251) - 125 + (i % 2 === 0 ? 0.25 : -0.25);
    return steps * 2 ** ((group % 9) - 6) * (group % 2 === 0 ? 1 : -1);
  });
}

function caseOf({ columns, rows, skippedRows = 0 }: Shape): KernelCase {
  const x = quarters(skippedRows + rows, columns);
  const bytes = quantizedRowBytes(columns);
  return {
    title: `${rows} rows of ${columns} behind ${skippedRows}`,
    spec: quantizeRows,
    buffers: {
      // Whole vectors.
      x: Float32Array.from([...x, ...new Float32Array(3)]).slice(0, 4 * Math.ceil(x.length / 4)),
      codes: new Uint32Array((rows * bytes.codes) / 4).fill(0xabcdef),
      inputScales: new Float32Array((rows * bytes.scales) / 4).fill(9),
    },
    params: { columns, numRows: rows, inputOffset: skippedRows * columns, inputStride: columns },
    grid: quantizeRowsGrid(rows, columns),
    expected: () => {
      const { codes, scales } = reference(x.subarray(skippedRows * columns), columns);
      return { codes: packCodes(codes, columns), inputScales: scales };
    },
    tolerance: { absolute: 0, relative: 1e-6 },
  };
}

/** Powers of two: x times them is rounded as x is. */
function normedCaseOf({ columns, rows }: Shape): KernelCase {
  const epsilon = 1e-5;
  const groups = Math.ceil(columns / 32);
  const x = quarters(rows, columns);
  const weight = Float32Array.from({ length: columns }, (_, k) => 2 ** ((Math.floor(k / 32) % 3) - 1));
  const bytes = quantizedRowBytes(columns);
  return {
    title: `${rows} rows of ${columns}, normed`,
    spec: quantizeNormed,
    buffers: {
      x: Float32Array.from([...x, ...new Float32Array(3)]).slice(0, 4 * Math.ceil(x.length / 4)),
      weight: Float32Array.from([...weight, ...new Float32Array(3)]).slice(0, 4 * Math.ceil(columns / 4)),
      codes: new Uint32Array((rows * bytes.codes) / 4).fill(0xabcdef),
      inputScales: new Float32Array((rows * bytes.scales) / 4).fill(9),
    },
    params: { columns, epsilon },
    grid: quantizeNormedGrid(rows, columns),
    expected: () => {
      const { codes, scales } = reference(
        x.map((value, i) => value * weight[i % columns]!),
        columns,
      );
      const inputScales = scales.map((scale, i) => {
        const row = Math.floor(i / groups);
        const part = x.subarray(row * columns, (row + 1) * columns);
        const squares = part.reduce((sum, value) => sum + value * value, 0);
        return scale / Math.sqrt(squares / columns + epsilon);
      });
      return { codes: packCodes(codes, columns), inputScales };
    },
    tolerance: { absolute: 0, relative: 1e-5 },
  };
}

export const cases = [
  ...shapes.map(caseOf),
  // One workgroup a row, and two.
  ...[
    { columns: 33, rows: 2 },
    { columns: 1100, rows: 3 },
  ].map(normedCaseOf),
];
