/** Decode attention, splits and merge together, against plain attention; and what must be equal to the bit. */
import { describe, expect, test } from 'vitest';
import type { KvFormat } from '../../../src/kernels/attention/kv-format';
import { numSplits, partialsBytes } from '../../../src/kernels/attention/page-splits';
import { pageMass } from '../../../src/kernels/attention/page-mass';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../../../src/kernels/attention/sparse-decode';
import { pageMass as referenceMass } from '../../../src/reference/attention/page-mass';
import {
  sparseDecode as reference,
  type SparseDecodeInput,
} from '../../../src/reference/attention/sparse-decode';
import type { KvWords } from '../../../src/reference/cache/kv-data';
import { expectClose } from '../../support/compare';
import { randomFloats } from '../../../tools/util/random';
import type { BufferData } from '../harness';
import { useDevice } from '../use-device';
import { randomKv, randomPacked, shuffled } from './kv-fixture';
import { runScene, testedVariants, type Step } from './scene';

interface Shape {
  /** Tried on every variant, be it slow to compile on this adapter. */
  readonly everywhere?: boolean;
  readonly format?: KvFormat;
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  /** Tokens of each row's sequence; row r belongs to sequence rows - 1 - r. */
  readonly lengths: readonly number[];
  readonly window?: number;
  /** KV heads in each slab; all in one by default. */
  readonly slabs?: readonly number[];
  readonly splits?: number;
  /** Pages of every list and the tail's start; exact attention by default. */
  readonly list?: { readonly pages: readonly number[]; readonly tailStart: number };
  readonly extraSplits?: number;
  /** None by default. */
  readonly softCap?: number;
  /** Positions whose mass counts; all by default. */
  readonly counted?: { readonly firstCounted: number; readonly endCounted: number };
}

/** Everything that a decode of `shape` reads, its pages the same whatever is asked of them. */
function build(shape: Shape) {
  const { format = 'f16', headDim, group, kvHeads, lengths, window = 0, slabs = [kvHeads], list } = shape;
  const numRows = lengths.length;
  const heads = kvHeads * group;
  const qkvStride = (heads + 2 * kvHeads) * headDim;
  const maxPages = Math.ceil(Math.max(...lengths) / 16) + 1;
  const layerOffset = numRows * kvHeads * maxPages;
  const listCapacity = Math.max(list?.pages.length ?? 0, 1);
  const qkv = randomFloats(numRows * qkvStride, 1, 2);
  const rows = new Uint32Array(4 * numRows);
  lengths.forEach((length, row) => rows.set([numRows - 1 - row, length - 1], 4 * row));
  const blockTable = new Uint32Array(2 * layerOffset).fill(0xffffffff);
  const listOffset = 2;
  const listState = new Uint32Array(2 * (listOffset + numRows * kvHeads)).fill(7);
  const lists = new Uint32Array((listOffset + numRows * kvHeads) * listCapacity);
  for (let index = listOffset; index < listOffset + numRows * kvHeads; index++) {
    listState.set([list?.pages.length ?? 0, list?.tailStart ?? 0], 2 * index);
    lists.set(list?.pages ?? [], index * listCapacity);
  }
  const { splits = 32 } = shape;
  const split = { ...(list && { count: list.pages.length, tailStart: list.tailStart }), window, splits };
  const maxSplits =
    Math.max(...lengths.map((length) => numSplits({ position: length - 1, ...split }))) +
    (shape.extraSplits ?? 0);
  const ofHeads = { HEAD_DIM: headDim, GROUP: group };
  const { softCap = 0 } = shape;
  const constants = { ...ofHeads, SOFT_CAP: softCap * Math.LOG2E };
  const common = { numRows, kvHeads, listOffset, window, splits, maxSplits };
  const data: Record<string, BufferData> = {
    qkv,
    rows,
    blockTable,
    listState,
    lists,
    partials: new Float32Array(partialsBytes(numRows, heads, maxSplits, headDim) / 4).fill(NaN),
    attended: new Float32Array(numRows * heads * headDim).fill(NaN),
    masses: new Float32Array(numRows * maxPages),
  };
  const steps: Step[] = [];
  const { counted = { firstCounted: 0, endCounted: 0xffffffff } } = shape;
  const massSteps: Step[] = [];
  const pools: KvWords[] = [];
  let firstKvHead = 0;
  slabs.forEach((numKvHeads, slab) => {
    const numSlots = numRows * numKvHeads * maxPages;
    const order = shuffled(numSlots, 5 + slab);
    for (let row = 0; row < numRows; row++) {
      for (let local = 0; local < numKvHeads; local++) {
        const table = layerOffset + (row * kvHeads + firstKvHead + local) * maxPages;
        blockTable.set(order.subarray((row * numKvHeads + local) * maxPages).subarray(0, maxPages), table);
      }
    }
    const pool =
      format === 'int8'
        ? randomPacked(numSlots, headDim, 9 + slab)
        : randomKv(format, numSlots * 32 * headDim, 9 + slab);
    pools.push(pool);
    data[`pool${slab}`] = pool;
    steps.push({
      spec: sparseDecode(format),
      constants,
      bind: { pool: `pool${slab}` },
      params: {
        ...common,
        qkvStride,
        firstKvHead,
        tableOffset: layerOffset,
        maxPages,
        listCapacity,
        scale: headDim ** -0.5,
      },
      grid: sparseDecodeGrid(numRows, numKvHeads, maxSplits),
    });
    lengths.forEach((length, row) => {
      for (let kvHead = firstKvHead; kvHead < firstKvHead + numKvHeads; kvHead++) {
        massSteps.push({
          spec: pageMass(format),
          constants,
          bind: { pool: `pool${slab}` },
          params: {
            ...steps.at(-1)!.params,
            ...{ row, sequence: numRows - 1 - row, position: length - 1, kvHead },
            massOffset: row * maxPages,
            weight: 1 / heads,
            ...counted,
          },
          grid: [maxSplits],
        });
      }
    });
    firstKvHead += numKvHeads;
  });
  steps.push({
    spec: mergeSplits,
    constants: ofHeads,
    params: common,
    grid: mergeSplitsGrid(numRows, heads),
  });
  const expected = () => {
    const attended = new Float32Array(numRows * heads * headDim);
    const masses = new Float32Array(numRows * maxPages);
    steps.slice(0, -1).forEach(({ params }, slab) => {
      const numKvHeads = slabs[slab]!;
      const scale = headDim ** -0.5;
      const sizes = {
        headDim,
        group,
        kvHeads,
        qkvStride,
        maxPages,
        listOffset,
        listCapacity,
        window,
        scale,
        softCap,
      };
      const isPacked = format === 'int8';
      const buffers = { qkv, rows, blockTable, listState, lists, pool: pools[slab]!, isPacked };
      const firstKvHead = params['firstKvHead']!;
      const input: SparseDecodeInput = {
        ...sizes,
        ...buffers,
        ...{ firstKvHead, numKvHeads, tableOffset: layerOffset },
      };
      reference(input, attended);
      for (let row = 0; row < numRows; row++) {
        const own = masses.subarray(row * maxPages, (row + 1) * maxPages);
        for (let kvHead = firstKvHead; kvHead < firstKvHead + numKvHeads; kvHead++) {
          referenceMass(input, { row, kvHead, weight: 1 / heads, ...counted }, own);
        }
      }
    });
    return { attended, masses };
  };
  return { data, steps, massSteps, expected };
}

const gpu = useDevice();

async function run(shape: Shape, variantName: string): Promise<Float32Array> {
  const results = await runScene(gpu.compiler, build(shape), ['attended'], variantName);
  return new Float32Array(results['attended']!);
}

/** Those that are tried on every variant have head sizes and groups in common: each of them is a pipeline, slow to compile here. */
const shapes: Shape[] = [
  { headDim: 8, group: 1, kvHeads: 1, lengths: [1] },
  { headDim: 8, group: 2, kvHeads: 4, lengths: [15, 16, 17] },
  { headDim: 32, group: 4, kvHeads: 2, lengths: [577] },
  { headDim: 64, group: 7, kvHeads: 2, lengths: [577, 1, 16], everywhere: true },
  { headDim: 80, group: 1, kvHeads: 2, lengths: [17, 270], everywhere: true },
  { headDim: 96, group: 1, kvHeads: 3, lengths: [256, 257] },
  { headDim: 128, group: 2, kvHeads: 1, lengths: [15, 577], counted: { firstCounted: 3, endCounted: 300 } },
  { headDim: 256, group: 16, kvHeads: 1, lengths: [300], everywhere: true },
  { headDim: 64, group: 4, kvHeads: 1, lengths: [577], format: 'f32' },
  { headDim: 256, group: 5, kvHeads: 1, lengths: [33], format: 'f32' },
  { headDim: 8, group: 1, kvHeads: 2, lengths: [1, 16, 17], format: 'int8' },
  { headDim: 32, group: 2, kvHeads: 5, lengths: [300, 15], format: 'int8', slabs: [2, 3], everywhere: true },
  { headDim: 80, group: 7, kvHeads: 1, lengths: [577], format: 'int8', window: 100 },
  { headDim: 128, group: 4, kvHeads: 1, lengths: [257], format: 'int8' },
  { headDim: 64, group: 7, kvHeads: 2, lengths: [577, 40, 600], window: 100, everywhere: true },
  { headDim: 32, group: 2, kvHeads: 2, lengths: [577, 33], window: 1 },
  { headDim: 32, group: 4, kvHeads: 5, lengths: [300, 100], slabs: [2, 3] },
  { headDim: 64, group: 4, kvHeads: 2, lengths: [577], splits: 9, extraSplits: 3 },
  { headDim: 64, group: 7, kvHeads: 2, lengths: [270], softCap: 0.7, everywhere: true },
  {
    headDim: 64,
    group: 7,
    kvHeads: 2,
    lengths: [577, 540],
    everywhere: true,
    list: { pages: [0, 3, 8, 20], tailStart: 30 },
  },
  {
    headDim: 32,
    group: 7,
    kvHeads: 2,
    lengths: [577, 610],
    list: { pages: Array.from({ length: 17 }, (_, i) => 2 * i), tailStart: 35 },
    window: 200,
  },
  {
    headDim: 8,
    group: 2,
    kvHeads: 1,
    lengths: [131_070],
    list: { pages: Array.from({ length: 256 }, (_, i) => 32 * i - (i % 3 === 0 ? 0 : 1)), tailStart: 8190 },
  },
];

describe('decode attention over page lists', () => {
  test.each(shapes.map((shape) => [JSON.stringify(shape).slice(0, 120), shape] as const))(
    '%s',
    async (_title, shape) => {
      const { data, steps, massSteps, expected } = build(shape);
      const { attended, masses } = expected();
      for (const name of testedVariants(gpu.compiler, steps[0]!.spec, shape.everywhere ?? false)) {
        const results = await runScene(
          gpu.compiler,
          { data, steps: [...steps, ...massSteps] },
          ['attended', 'masses'],
          name,
        );
        const tolerance = { absolute: 2e-6, relative: 2e-5 };
        expectClose(new Float32Array(results['attended']!), attended, tolerance, name);
        const massesFound = new Float32Array(results['masses']!);
        expectClose(massesFound, masses, tolerance, `${name}: masses`);
        const sum = massesFound.reduce((total, mass) => total + mass, 0);
        if (!shape.counted) expect(sum).toBeCloseTo(shape.lengths.length, 4);
      }
    },
  );

  const shape: Shape = { headDim: 32, group: 4, kvHeads: 2, lengths: [577, 300, 16] };

  const variants = () => testedVariants(gpu.compiler, sparseDecode('f16'), true);

  test('a list of all pages, or of all but a tail, equals exact attention to the bit', async () => {
    const single = { ...shape, lengths: [577] };
    for (const name of variants()) {
      const exact = await run(single, name);
      for (const tailStart of [5, 37]) {
        const pages = Array.from({ length: tailStart }, (_, i) => i);
        expect(await run({ ...single, list: { pages, tailStart } }, name), name).toEqual(exact);
      }
    }
  });

  test('skipping what lies before the window changes nothing to the bit', async () => {
    const single = { ...shape, lengths: [577], window: 70, splits: 9 };
    const pages = Array.from({ length: 37 }, (_, i) => i);
    for (const name of variants()) {
      const all = await run({ ...single, list: { pages, tailStart: 37 } }, name);
      expect(await run(single, name), name).toEqual(all);
    }
  });

  test('a row gives the same bits with more splits in the grid, and with other rows in the batch', async () => {
    const { data, steps } = build(shape);
    const size = 2 * 4 * 32;
    for (const name of variants()) {
      const together = await run(shape, name);
      expect(await run({ ...shape, extraSplits: 2 }, name), name).toEqual(together);
      for (const row of [0, 1, 2]) {
        const alone = {
          ...data,
          rows: (data['rows'] as Uint32Array<ArrayBuffer>).slice(4 * row, 4 * row + 4),
          qkv: (data['qkv'] as Float32Array<ArrayBuffer>).slice(row * 384, row * 384 + 384),
          attended: new Float32Array(size),
        };
        const single: Step[] = steps.map((step) => ({ ...step, params: { ...step.params, numRows: 1 } }));
        single[0] = { ...single[0]!, grid: sparseDecodeGrid(1, 2, single[0]!.params['maxSplits']!) };
        single[1] = { ...single[1]!, grid: mergeSplitsGrid(1, 8) };
        const results = await runScene(gpu.compiler, { data: alone, steps: single }, ['attended'], name);
        const wanted = together.subarray(row * size, (row + 1) * size);
        expect(new Float32Array(results['attended']!), name).toEqual(wanted);
      }
    }
  });
});
