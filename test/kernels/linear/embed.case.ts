import { embed, embedGrid, latestTokenFlag } from '../../../src/kernels/linear/embed';
import { formatTraits, type MatrixFormat } from '../../../src/kernels/linear/matrix-format';
import { decodeRows, sampleRows } from '../../../src/kernels/linear/weight-format';
import { embed as reference } from '../../../src/reference/linear/embed';
import { randomFloats } from '../../../tools/util/random';
import type { KernelCase } from '../harness';
import { formats, testMatrix } from './weights';

const vocabSize = 20;
const sampled = Uint32Array.of(19, 6, 7);
const list = Uint32Array.of(0, 7, latestTokenFlag, 13, latestTokenFlag + 1, 5, 12, latestTokenFlag + 2);
const tokens = [0, 7, 19, 13, 6, 5, 12, 7];
/** First row and number of rows of each slab. */
const slabs = [
  [0, 20],
  [0, 7],
  [7, 6],
  [13, 7],
] as const;

function caseOf(format: MatrixFormat, columns: number, firstRow: number, numRows: number): KernelCase {
  const source = randomFloats(vocabSize * columns, columns);
  const part = source.subarray(firstRow * columns, (firstRow + numRows) * columns);
  const slab = testMatrix(format, sampleRows(format, part, numRows, columns), numRows, columns);
  const hidden = randomFloats(tokens.length * columns, 5);
  return {
    title: `${format}: ${columns} columns, rows ${firstRow} to ${firstRow + numRows}`,
    spec: embed(format),
    buffers: { ...slab.buffers, tokens: sampled, hidden },
    params: { columns, firstRow, numRows, scale: 2.5 },
    grid: embedGrid(columns, tokens.length),
    list,
    expected: () => {
      const encoded = sampleRows(format, source, vocabSize, columns);
      const rows = reference(decodeRows(format, encoded, vocabSize, columns), tokens, columns, 2.5);
      const isHere = (i: number) => {
        const token = tokens[Math.floor(i / columns)]!;
        return token >= firstRow && token < firstRow + numRows;
      };
      return { hidden: hidden.map((value, i) => (isHere(i) ? rows[i]! : value)) };
    },
    tolerance: { absolute: 1e-6 },
  };
}

export const cases = [
  ...formats.flatMap((format) =>
    [8, 33, 172].flatMap((columns) => slabs.map(([first, count]) => caseOf(format, columns, first, count))),
  ),
  ...(Object.keys(formatTraits) as MatrixFormat[]).map((format) => caseOf(format, 768, 0, vocabSize)),
];
