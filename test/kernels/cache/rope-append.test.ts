/** RoPE and the write into pages and tiles: floats within rounding, stored elements within one step of their format. */
import { describe, test } from 'vitest';
import {
  elementOf,
  summariesOfOpenPage,
  type KvElement,
  type KvFormat,
} from '../../../src/kernels/attention/kv-format';
import { ropeAppend, ropeAppendGrid, ropeAppendTile } from '../../../src/kernels/cache/rope-append';
import { createKvWords, unpackKv, type KvWords } from '../../../src/reference/cache/kv-data';
import { unpackPages } from '../../../src/reference/cache/pack-pages';
import * as reference from '../../../src/reference/cache/rope-append';
import { expectClose, type Tolerance } from '../../support/compare';
import { randomFloats } from '../../../tools/util/random';
import { randomKv, randomPacked, ropeTable, shuffled } from '../attention/kv-fixture';
import { runScene } from '../attention/scene';
import { useDevice } from '../use-device';

const gpu = useDevice();

interface Shape {
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  /** Defaults to headDim. */
  readonly rotaryDim?: number;
  readonly hasNorm?: boolean;
  /** The norm is behind RoPE, and queries grow with the position. */
  readonly isLate?: boolean;
}

interface DecodeShape extends Shape {
  readonly format?: KvFormat;
  /** Position of each row; row r belongs to sequence rows - 1 - r. */
  readonly positions: readonly number[];
  /** KV heads of the slab; all by default. */
  readonly slab?: readonly [first: number, count: number];
}

/** Of elements from 8 bits: a step of the widest range, in case a key was rounded another way. */
const codeTolerance: Tolerance = { absolute: 9 / 255 };
const storedTolerance: Readonly<Record<KvElement, Tolerance>> = {
  f16: { absolute: 1e-6, relative: 2 ** -10 },
  f32: { absolute: 2e-6, relative: 1e-5 },
};
const tolerance: Tolerance = { absolute: 2e-6, relative: 1e-5 };

function asStored(format: KvElement, bytes: ArrayBuffer): Float32Array {
  return unpackKv(format === 'f16' ? new Uint32Array(bytes) : new Float32Array(bytes));
}

/** Elements of pages of 8 bits. */
function unpackAll(packed: KvWords, numPages: number, headDim: number): Float32Array {
  const pages = createKvWords('f32', numPages * 32 * headDim);
  const list = Uint32Array.from({ length: 2 * numPages }, (_, i) => i >> 1);
  unpackPages({ words: packed as Uint32Array, headDim }, pages, list);
  return unpackKv(pages);
}

const growth = { rate: 0.3, span: 20 };

function lateConstants({ hasNorm = false, isLate = false }: Shape) {
  return { QK_NORM: isLate ? 2 : Number(hasNorm), ...(isLate && { GROWTH: growth.rate, SPAN: growth.span }) };
}

function lateOptions({ isLate = false }: Shape) {
  return isLate ? { isNormedAfterRope: true, growth } : {};
}

const decodeShapes: DecodeShape[] = [
  { headDim: 8, group: 1, kvHeads: 1, positions: [0] },
  { headDim: 32, group: 7, kvHeads: 2, positions: [15, 16, 300] },
  { headDim: 64, group: 4, kvHeads: 4, positions: [5000, 1023], slab: [1, 2] },
  { headDim: 80, group: 2, kvHeads: 3, positions: [31, 14, 255, 256, 47], hasNorm: true },
  { headDim: 96, group: 1, kvHeads: 2, positions: [577, 15], rotaryDim: 72 },
  { headDim: 32, group: 2, kvHeads: 1, positions: [577, 15], hasNorm: true, isLate: true },
  { headDim: 128, group: 2, kvHeads: 1, positions: [79], rotaryDim: 0, hasNorm: true },
  { headDim: 256, group: 1, kvHeads: 2, positions: [15, 15], hasNorm: true, format: 'f32', slab: [1, 1] },
  { headDim: 8, group: 1, kvHeads: 1, positions: [0], format: 'int8' },
  { headDim: 32, group: 7, kvHeads: 2, positions: [15, 16, 300], format: 'int8' },
  { headDim: 64, group: 4, kvHeads: 4, positions: [500, 103], slab: [1, 2], format: 'int8' },
  { headDim: 80, group: 2, kvHeads: 3, positions: [31, 14, 255, 256, 47], hasNorm: true, format: 'int8' },
  { headDim: 128, group: 2, kvHeads: 1, positions: [79], format: 'int8' },
];

describe('rope-append', () => {
  test.each(decodeShapes.map((shape) => [JSON.stringify(shape), shape] as const))(
    '%s',
    async (_title, shape) => {
      const { format = 'f16', headDim, group, kvHeads, positions, rotaryDim = headDim } = shape;
      const [firstKvHead, numKvHeads] = shape.slab ?? [0, kvHeads];
      const numRows = positions.length;
      const qkvStride = (group + 2) * kvHeads * headDim;
      const maxPages = Math.floor(Math.max(...positions) / 16) + 2;
      const element = elementOf(format);
      const firstOpenSlot = numRows * maxPages + 3;
      const numSummarySlots = firstOpenSlot + numRows * summariesOfOpenPage(format);
      const numSlots = numRows * kvHeads * maxPages;
      const tableOffset = 11;
      const blockTable = new Uint32Array(tableOffset + numSlots);
      blockTable.set(shuffled(numSlots, 1), tableOffset);
      const rows = new Uint32Array(4 * numRows);
      positions.forEach((position, row) => rows.set([numRows - 1 - row, position], 4 * row));
      const data = {
        qkv: randomFloats(numRows * qkvStride, 2, 3),
        ropeTable: ropeTable(rotaryDim, 8192),
        qkNorm: randomFloats(2 * headDim, 3),
        rows,
        blockTable,
        pool:
          format === 'int8'
            ? randomPacked(numSlots, headDim, 4, 3)
            : randomKv(format, numSlots * 32 * headDim, 4, 3),
        summaryTable: shuffled(firstOpenSlot, 5),
        summaries: randomKv(element, numKvHeads * numSummarySlots * 2 * headDim, 6),
      };
      const sizes = {
        qkvStride,
        kvHeads,
        firstKvHead,
        numKvHeads,
        rotaryDim,
        tableOffset,
        maxPages,
        numSummarySlots,
      };
      const params = { numRows, ...sizes, firstOpenSlot, epsilon: 1e-5 };
      const constants = { HEAD_DIM: headDim, GROUP: group, ...lateConstants(shape) };
      const grid = ropeAppendGrid(numRows, numKvHeads, group, headDim);
      const step = { spec: ropeAppend(format), constants, params, grid };
      const results = await runScene(gpu.compiler, { data, steps: [step] }, ['qkv', 'pool', 'summaries']);

      const { qkNorm, ...rest } = data;
      const wanted = {
        ...rest,
        qkv: data.qkv.slice(),
        pool: data.pool.slice(),
        summaries: data.summaries.slice(),
      };
      reference.ropeAppend({
        ...sizes,
        epsilon: 1e-5,
        ...wanted,
        ...(shape.hasNorm && { qkNorm }),
        ...lateOptions(shape),
        ...(format === 'int8' && { firstOpenSlot }),
        headDim,
        group,
      });
      expectClose(new Float32Array(results['qkv']!), wanted.qkv, tolerance, 'qkv');
      const summaries = asStored(element, results['summaries']!);
      expectClose(summaries, unpackKv(wanted.summaries), storedTolerance[element], 'summaries');
      if (format === 'int8') {
        const actual = unpackAll(new Uint32Array(results['pool']!), numSlots, headDim);
        expectClose(actual, unpackAll(wanted.pool, numSlots, headDim), codeTolerance, 'pool');
      } else {
        const tolerance = storedTolerance[format];
        expectClose(asStored(format, results['pool']!), unpackKv(wanted.pool), tolerance, 'pool');
      }
    },
  );
});

interface TileShape extends Shape {
  readonly format?: KvElement;
  readonly numRows: number;
  readonly firstRow: number;
  readonly firstPosition: number;
}

const tileShapes: TileShape[] = [
  { headDim: 8, group: 1, kvHeads: 1, numRows: 1, firstRow: 0, firstPosition: 0 },
  { headDim: 32, group: 4, kvHeads: 2, numRows: 17, firstRow: 3, firstPosition: 250 },
  { headDim: 64, group: 7, kvHeads: 2, numRows: 33, firstRow: 0, firstPosition: 255, hasNorm: true },
  {
    headDim: 32,
    group: 1,
    kvHeads: 1,
    numRows: 9,
    firstRow: 0,
    firstPosition: 35,
    hasNorm: true,
    isLate: true,
  },
  { headDim: 96, group: 1, kvHeads: 1, numRows: 15, firstRow: 1, firstPosition: 240, rotaryDim: 48 },
  {
    headDim: 128,
    group: 2,
    kvHeads: 2,
    numRows: 20,
    firstRow: 0,
    firstPosition: 300,
    rotaryDim: 0,
    format: 'f32',
  },
];

describe('rope-append-tile', () => {
  test.each(tileShapes.map((shape) => [JSON.stringify(shape), shape] as const))(
    '%s',
    async (_title, shape) => {
      const {
        format = 'f16',
        headDim,
        group,
        kvHeads,
        numRows,
        firstRow,
        firstPosition,
        rotaryDim = headDim,
      } = shape;
      const qkvStride = (group + 2) * kvHeads * headDim;
      const tileFirstPage = (firstPosition >> 4) - (firstPosition > 0 ? 1 : 0);
      const tilePages = 6;
      const data = {
        qkv: randomFloats((firstRow + numRows + 1) * qkvStride, 2, 3),
        ropeTable: ropeTable(rotaryDim, 1024),
        qkNorm: randomFloats(2 * headDim, 3),
        tile: createKvWords(format, kvHeads * tilePages * 32 * headDim),
      };
      const sizes = {
        numRows,
        firstRow,
        firstPosition,
        qkvStride,
        kvHeads,
        rotaryDim,
        tileFirstPage,
        tilePages,
      };
      const params = { ...sizes, epsilon: 1e-6 };
      const constants = { HEAD_DIM: headDim, GROUP: group, ...lateConstants(shape) };
      const grid = ropeAppendGrid(numRows, kvHeads, group, headDim);
      const step = { spec: ropeAppendTile(format), constants, params, grid };
      const results = await runScene(gpu.compiler, { data, steps: [step] }, ['qkv', 'tile']);

      const { qkNorm, ...rest } = data;
      const wanted = { ...rest, qkv: data.qkv.slice(), tile: data.tile.slice() };
      reference.ropeAppendTile({
        ...params,
        ...wanted,
        ...(shape.hasNorm && { qkNorm }),
        ...lateOptions(shape),
        headDim,
        group,
      });
      expectClose(new Float32Array(results['qkv']!), wanted.qkv, tolerance, 'qkv');
      expectClose(asStored(format, results['tile']!), unpackKv(wanted.tile), storedTolerance[format], 'tile');
    },
  );
});
