/** Prefill attention tile by tile and chunk by chunk against plain attention; and what must be equal to the bit. */
import { describe, expect, test } from 'vitest';
import type { KvElement } from '../../../src/kernels/attention/kv-format';
import { prefillAttention, prefillAttentionGrid } from '../../../src/kernels/attention/prefill-attention';
import { prefillAttention as reference } from '../../../src/reference/attention/prefill-attention';
import type { KvWords } from '../../../src/reference/cache/kv-data';
import { expectClose } from '../../support/compare';
import { randomFloats } from '../../../tools/util/random';
import type { BufferData } from '../harness';
import { useDevice } from '../use-device';
import { randomKv } from './kv-fixture';
import { runScene, testedVariants, type Step } from './scene';

interface Shape {
  /** Tried on every variant, be it slow to compile on this adapter. */
  readonly everywhere?: boolean;
  readonly format?: KvElement;
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  /** Rows of the segment. */
  readonly numRows: number;
  /** Position of the segment's first row. */
  readonly firstPosition?: number;
  readonly window?: number;
  /** Rows a dispatch, all by default. */
  readonly chunk?: number;
  /** Pages a tile, all by default. */
  readonly tilePages?: number;
  /** KV heads a dispatch, all by default. */
  readonly headsAtOnce?: number;
  /** None by default. */
  readonly softCap?: number;
}

/** Pages `[first, first + count)` of every KV head of `tile`, as a tile of `capacity` pages a head full of NaN elsewhere. */
function cutTile(
  tile: KvWords,
  { kvHeads, allPages }: { readonly kvHeads: number; readonly allPages: number },
  first: number,
  count: number,
): KvWords {
  const pageWords = tile.length / (kvHeads * allPages);
  const Words = tile.constructor as new (length: number) => KvWords;
  const cut = new Words(kvHeads * count * pageWords);
  for (let head = 0; head < kvHeads; head++) {
    const from = (head * allPages + first) * pageWords;
    const pages = Math.min(count, allPages - first);
    cut.set(tile.subarray(from, from + pages * pageWords), head * count * pageWords);
  }
  return cut;
}

/** All dispatches of a segment, and everything that they read. The rows beyond the last key hold infinities. */
function build(shape: Shape) {
  const { format = 'f16', headDim, group, kvHeads, numRows, firstPosition = 0, window = 0 } = shape;
  const { headsAtOnce = kvHeads, softCap = 0 } = shape;
  const heads = kvHeads * group;
  const qkvStride = (heads + 2 * kvHeads) * headDim;
  const numTokens = firstPosition + numRows;
  const allPages = Math.ceil(numTokens / 16);
  const tilePages = shape.tilePages ?? allPages;
  const qkv = randomFloats(numRows * qkvStride, 1, 2);
  const tile = randomKv(format, kvHeads * allPages * 32 * headDim, 3);
  const pageElements = 32 * headDim;
  for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
    const lastPage = (kvHead * allPages + allPages - 1) * pageElements;
    for (const part of [0, 16]) {
      const from = lastPage + (part + (numTokens - 16 * (allPages - 1))) * headDim;
      const to = lastPage + (part + 16) * headDim;
      if (tile instanceof Float32Array) tile.fill(Infinity, from, to);
      else tile.fill(0x7c007c00, from / 2, to / 2);
    }
  }
  const data: Record<string, BufferData> = {
    qkv,
    attended: new Float32Array(numRows * heads * headDim).fill(NaN),
    softmaxState: new Float32Array(2 * numRows * heads).fill(NaN),
  };
  const steps: Step[] = [];
  const numTiles = Math.ceil(allPages / tilePages);
  for (let index = 0; index < numTiles; index++) {
    data[`tile${index}`] = cutTile(tile, { kvHeads, allPages }, index * tilePages, tilePages);
    for (let firstRow = 0; firstRow < numRows; firstRow += shape.chunk ?? numRows) {
      const rowsHere = Math.min(shape.chunk ?? numRows, numRows - firstRow);
      for (let firstKvHead = 0; firstKvHead < kvHeads; firstKvHead += headsAtOnce) {
        steps.push({
          spec: prefillAttention(format, headDim),
          constants: { HEAD_DIM: headDim, GROUP: group, SOFT_CAP: softCap * Math.LOG2E },
          bind: { tile: `tile${index}` },
          params: {
            numRows: rowsHere,
            firstRow,
            firstPosition: firstPosition + firstRow,
            qkvStride,
            kvHeads,
            firstKvHead,
            tileFirstPage: index * tilePages,
            tilePages,
            tileTokens: Math.min(tilePages * 16, numTokens - index * tilePages * 16),
            window,
            isFirst: index === 0 ? 1 : 0,
            isLast: index === numTiles - 1 ? 1 : 0,
            scale: headDim ** -0.5,
          },
          grid: prefillAttentionGrid(rowsHere, Math.min(headsAtOnce, kvHeads - firstKvHead), group),
        });
      }
    }
  }
  const expected = () =>
    reference({
      ...{
        headDim,
        group,
        kvHeads,
        qkv,
        qkvStride,
        numRows,
        firstPosition,
        tile,
        tilePages: allPages,
        window,
      },
      scale: headDim ** -0.5,
      softCap,
    });
  return { data, steps, expected };
}

const gpu = useDevice();

async function run(shape: Shape, variantName: string): Promise<Float32Array> {
  const results = await runScene(gpu.compiler, build(shape), ['attended'], variantName);
  return new Float32Array(results['attended']!);
}

const shapes: Shape[] = [
  { headDim: 8, group: 1, kvHeads: 1, numRows: 1 },
  { headDim: 8, group: 2, kvHeads: 4, numRows: 15 },
  { headDim: 32, group: 4, kvHeads: 2, numRows: 16 },
  { headDim: 32, group: 2, kvHeads: 1, numRows: 17, firstPosition: 560 },
  { headDim: 64, group: 7, kvHeads: 2, numRows: 100, firstPosition: 3, everywhere: true },
  { headDim: 80, group: 1, kvHeads: 1, numRows: 65, everywhere: true },
  { headDim: 80, group: 1, kvHeads: 1, numRows: 40, softCap: 0.7, everywhere: true },
  { headDim: 96, group: 1, kvHeads: 3, numRows: 40 },
  { headDim: 128, group: 2, kvHeads: 1, numRows: 70, firstPosition: 40 },
  { headDim: 256, group: 3, kvHeads: 1, numRows: 35 },
  { headDim: 320, group: 2, kvHeads: 2, numRows: 37, firstPosition: 20, tilePages: 2, chunk: 33 },
  { headDim: 512, group: 1, kvHeads: 1, numRows: 20, format: 'f32' },
  { headDim: 64, group: 4, kvHeads: 1, numRows: 50, format: 'f32' },
  { headDim: 256, group: 1, kvHeads: 1, numRows: 40, format: 'f32', everywhere: true },
  { headDim: 32, group: 1, kvHeads: 1, numRows: 577, chunk: 256, tilePages: 8 },
  { headDim: 32, group: 7, kvHeads: 1, numRows: 90, window: 20, chunk: 33, tilePages: 2, everywhere: true },
  { headDim: 64, group: 16, kvHeads: 1, numRows: 20, window: 1, firstPosition: 100 },
];

describe('prefill attention', () => {
  test.each(shapes.map((shape) => [JSON.stringify(shape), shape] as const))('%s', async (_title, shape) => {
    const { data, steps, expected } = build(shape);
    const wanted = expected();
    for (const name of testedVariants(gpu.compiler, steps[0]!.spec, shape.everywhere ?? false)) {
      const results = await runScene(gpu.compiler, { data, steps }, ['attended'], name);
      const tolerance = { absolute: 2e-6, relative: 2e-5 };
      expectClose(new Float32Array(results['attended']!), wanted, tolerance, name);
    }
  });

  const shape: Shape = { headDim: 32, group: 7, kvHeads: 2, numRows: 150, firstPosition: 50, window: 90 };

  test('chunks, tiles and heads apart change nothing to the bit, in any variant', async () => {
    for (const name of testedVariants(gpu.compiler, prefillAttention('f16', shape.headDim), true)) {
      const whole = await run(shape, name);
      expect(await run({ ...shape, chunk: 37 }, name), name).toEqual(whole);
      expect(await run({ ...shape, tilePages: 4 }, name), name).toEqual(whole);
      expect(await run({ ...shape, tilePages: 6, chunk: 64 }, name), name).toEqual(whole);
      expect(await run({ ...shape, headsAtOnce: 1, tilePages: 6 }, name), name).toEqual(whole);
    }
  });
});
