import { matmul, matmulGrid } from '../../../src/kernels/linear/matmul';
import type { MatrixFormat } from '../../../src/kernels/linear/weight-format';
import { matmul as reference } from '../../../src/reference/linear/matmul';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { columnsOf, fileFormats, formats, overlay, randomMatrix } from './weights';

interface Shape {
  readonly columns: number;
  readonly outputs: number;
  readonly rows: number;
  readonly first?: number;
  /** Rows of x and y before the first one that is read and written. */
  readonly skippedRows?: number;
  readonly bias?: boolean;
  readonly residual?: boolean;
}

const shapes: readonly Shape[] = [
  { columns: 8, outputs: 1, rows: 1 },
  { columns: 33, outputs: 7, rows: 15 },
  { columns: 64, outputs: 513, rows: 17, bias: true, residual: true, first: 11 },
  { columns: 172, outputs: 64, rows: 70, bias: true, residual: true },
  { columns: 577, outputs: 65, rows: 70, skippedRows: 3 },
  { columns: 1024, outputs: 64, rows: 15, first: 64, skippedRows: 1 },
];

/** Each size of tiles is a pipeline that a software adapter compiles for seconds: one of them for each format. */
const tileRowsOf: Readonly<Partial<Record<MatrixFormat, number>>> = { f32: 64, f16: 32, q8: 64, q4: 32 };

function caseOf(format: MatrixFormat, shape: Shape): KernelCase {
  const { columns, outputs, rows, first = 0, skippedRows = 0, bias = false, residual = false } = shape;
  const tileRows = tileRowsOf[format] ?? 32;
  const stride = first > 0 ? first + outputs + 5 : outputs;
  const matrix = randomMatrix(format, outputs, columns, columns + outputs);
  const x = randomFloats((skippedRows + rows) * columns, 1);
  const biases = randomFloats(stride, 3);
  const y = randomFloats((skippedRows + rows) * stride, 4);
  const place = { width: outputs, stride, first };
  const extras = Object.entries({ bias, residual }).flatMap(([name, isOn]) => (isOn ? [name] : []));
  return {
    title: [`${format}: ${rows} rows of ${columns} to ${outputs} outputs from ${first}`, ...extras].join(
      ', ',
    ),
    spec: matmul(format),
    constants: { TILE_ROWS: tileRows },
    buffers: { ...matrix.buffers, x, bias: biases, y },
    params: {
      columns,
      numOutputs: outputs,
      numRows: rows,
      firstOutput: first,
      inputOffset: skippedRows * columns,
      inputStride: columns,
      outputOffset: skippedRows * stride,
      outputStride: stride,
      hasBias: Number(bias),
      isResidual: Number(residual),
    },
    grid: matmulGrid(outputs, rows, tileRows),
    expected: () => {
      const untouched = y.subarray(0, skippedRows * stride);
      const written = y.subarray(skippedRows * stride);
      const result = reference(x.subarray(skippedRows * columns), matrix.weights, columns, {
        ...(bias && { bias: biases.subarray(first) }),
        ...(residual && { residual: columnsOf(written, place) }),
      });
      return { y: Float32Array.from([...untouched, ...overlay(written, result, place)]) };
    },
    tolerance: { absolute: 2e-4, relative: 1e-5 },
  };
}

export const cases = [
  ...formats.flatMap((format) => shapes.map((shape) => caseOf(format, shape))),
  ...fileFormats.map((format) => caseOf(format, { columns: 768, outputs: 7, rows: 17, residual: true })),
];
