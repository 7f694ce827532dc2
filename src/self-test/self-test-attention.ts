/** The self-test's attention, decode with its merge and prefill, against plain softmax attention. */
import { elementOf, pageBytes, pageTokens, type KvElement } from '../kernels/attention/kv-format';
import { numSplits, partialsBytes } from '../kernels/attention/page-splits';
import { prefillAttention, prefillAttentionGrid } from '../kernels/attention/prefill-attention';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../kernels/attention/sparse-decode';
import { packPages, packPagesGrid } from '../kernels/cache/pack-pages';
import { toF16Bits } from '../util/f16';
import { wave, type CheckStep, type SelfTestCheck, type SelfTestShape } from './self-test-check';

/** More pages than splits, so that these hold several; the last page is not full. */
const numPages = 17;
const numTokens = (numPages - 1) * pageTokens + 5;
const splits = 4;
const maxSplits = numSplits({ position: numTokens - 1, splits });

/** One KV head: the last token decodes, the last three tokens prefill, each against all keys up to its own. */
export function attentionChecks({ kv, headDim, group }: SelfTestShape): SelfTestCheck[] {
  const constants = { HEAD_DIM: headDim, GROUP: group };
  const qkvStride = (group + 2) * headDim;
  const scale = headDim ** -0.5;
  // Small enough that many keys count.
  const qkv = wave(3 * qkvStride, 11).map((value) => value / 8);
  // Values of the last page are large: one key too many or too few among so many shows.
  const lastValues = (2 * numPages - 1) * pageTokens * headDim;
  const pages = wave(2 * numPages * pageTokens * headDim, 3).map((value, i) =>
    i < lastValues ? value : 32 * value,
  );
  const attended = (rows: Float32Array, numRows: number) => {
    const result = new Float32Array(numRows * group * headDim);
    for (let at = 0; at < numRows * group; at++) {
      const row = Math.floor(at / group);
      const start = row * qkvStride + (at % group) * headDim;
      const numKeys = numTokens - numRows + row + 1;
      result.set(attend(rows.subarray(start, start + headDim), pages, numKeys, scale), at * headDim);
    }
    return result;
  };

  const shared = { numRows: 1, kvHeads: 1, listOffset: 0, window: 0, splits, maxSplits };
  const ofPool = { firstKvHead: 0, tableOffset: 0, maxPages: numPages, listCapacity: 1 };
  const query = qkv.slice(0, qkvStride);
  const element = elementOf(kv);
  const elements = stored(element, reversed(pages, headDim));
  // Pages of 8 bits come from the kernel that packs them.
  const packing: CheckStep[] =
    kv === 'int8'
      ? [
          {
            spec: packPages(element),
            constants: { HEAD_DIM: headDim },
            params: { numPages, numTokens: pageTokens },
            grid: packPagesGrid(numPages, headDim),
            list: Uint32Array.from({ length: 2 * numPages }, (_, i) => i >> 1),
          },
        ]
      : [];
  const pool = kv === 'int8' ? new Uint8Array(numPages * pageBytes(kv, headDim)) : elements;
  const decode: SelfTestCheck = {
    steps: [
      ...packing,
      {
        spec: sparseDecode(kv),
        constants,
        params: { ...shared, ...ofPool, qkvStride, scale },
        grid: sparseDecodeGrid(1, 1, maxSplits),
      },
      { spec: mergeSplits, constants, params: shared, grid: mergeSplitsGrid(1, group) },
    ],
    buffers: {
      qkv: query,
      pool,
      ...(packing.length > 0 && { pages: elements, packed: pool }),
      blockTable: Uint32Array.from({ length: numPages }, (_, page) => numPages - 1 - page),
      rows: Uint32Array.of(0, numTokens - 1, 0, 0),
      listState: new Uint32Array(2),
      lists: new Uint32Array(1),
      partials: new Float32Array(partialsBytes(1, group, maxSplits, headDim) / 4),
      attended: new Float32Array(group * headDim),
    },
    result: 'attended',
    expected: attended(query, 1),
  };

  const numRows = 3;
  const prefill: SelfTestCheck = {
    steps: [
      {
        spec: prefillAttention(element, headDim),
        constants,
        params: {
          numRows,
          firstRow: 0,
          firstPosition: numTokens - numRows,
          qkvStride,
          kvHeads: 1,
          firstKvHead: 0,
          tileFirstPage: 0,
          tilePages: numPages,
          tileTokens: numTokens,
          window: 0,
          isFirst: 1,
          isLast: 1,
          scale,
        },
        grid: prefillAttentionGrid(numRows, 1, group),
      },
    ],
    buffers: {
      qkv,
      tile: stored(element, pages),
      attended: new Float32Array(numRows * group * headDim),
      softmaxState: new Float32Array(2 * numRows * group),
    },
    result: 'attended',
    expected: attended(qkv, numRows),
  };
  return [decode, prefill];
}

function stored(format: KvElement, values: Float32Array<ArrayBuffer>) {
  return format === 'f32' ? values : Uint16Array.from(values, toF16Bits);
}

/** `pages [pages, 2, 16, headDim]`, the last one first. */
function reversed(pages: Float32Array, headDim: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(pages.length);
  const size = 2 * pageTokens * headDim;
  for (let end = pages.length; end > 0; end -= size)
    result.set(pages.subarray(end - size, end), pages.length - end);
  return result;
}

/** Softmax attention of one query over the first `numKeys` keys of `pages [pages, 2, 16, headDim]`. */
function attend(query: Float32Array, pages: Float32Array, numKeys: number, scale: number): Float32Array {
  const headDim = query.length;
  const sums = new Float64Array(headDim);
  let total = 0;
  for (let key = 0; key < numKeys; key++) {
    const start = (Math.floor(key / pageTokens) * 2 * pageTokens + (key % pageTokens)) * headDim;
    let score = 0;
    for (let i = 0; i < headDim; i++) score += query[i]! * pages[start + i]!;
    const weight = Math.exp(score * scale);
    total += weight;
    for (let i = 0; i < headDim; i++) sums[i]! += weight * pages[start + pageTokens * headDim + i]!;
  }
  return Float32Array.from(sums, (sum) => sum / total);
}
