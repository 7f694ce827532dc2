/** The tiny computations of the self-test with what they must give: data and plain loops, no GPU. */
import type { Grid, KernelSpec } from '../gpu/kernel';
import type { KvFormat } from '../kernels/attention/kv-format';
import { partialsBytes } from '../kernels/attention/page-splits';
import { prefillAttention, prefillAttentionGrid } from '../kernels/attention/prefill-attention';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../kernels/attention/sparse-decode';
import { matmul, matmulGrid } from '../kernels/linear/matmul';
import { matvec, matvecGrid } from '../kernels/linear/matvec';
import { decodeRows, encodeRows, type WeightFormat } from '../kernels/linear/weight-format';
import { toF16Bits } from '../util/f16';

type Bytes =
  Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** One dispatch of a check. */
export interface CheckStep {
  readonly spec: KernelSpec;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
}

/** Dispatches over buffers named as the kernels' bindings, and what f32 buffer `result` must then hold. */
export interface SelfTestCheck {
  readonly steps: readonly CheckStep[];
  readonly buffers: Readonly<Record<string, Bytes>>;
  readonly result: string;
  readonly expected: Float32Array;
}

/** The kernels that a model will use: those are tested, and stay compiled. */
export interface SelfTestShape {
  readonly weights: WeightFormat;
  readonly kv: KvFormat;
  readonly headDim: number;
  /** Query heads of a KV head. */
  readonly group: number;
}

/** Multiples of 1/8 in [-1, 1), without an order that a wrong index would keep: exact in f16. */
function wave(length: number, step: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => ((i * step + ((i * i) >> 4)) % 16) / 8 - 1);
}

/** Matvec, matmul, decode attention, prefill attention. */
export function selfTestChecks({ weights, kv, headDim, group }: SelfTestShape): SelfTestCheck[] {
  return [matvecCheck(weights), matmulCheck(weights), ...attentionChecks(kv, headDim, group)];
}

const columns = 72;
const numOutputs = 19;
const numRows = 2;

/** `encoded` for the kernels, `x`, and W · x by plain loops, `[numRows, numOutputs]`. */
function linearData(format: WeightFormat) {
  const encoded = encodeRows(format, wave(numOutputs * columns, 7), numOutputs, columns);
  const matrix = decodeRows(format, encoded, numOutputs, columns);
  const x = wave(numRows * columns, 5);
  const products = Float32Array.from({ length: numRows * numOutputs }, (_, at) => {
    const [row, output] = [Math.floor(at / numOutputs), at % numOutputs];
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += matrix[output * columns + k]! * x[row * columns + k]!;
    return sum;
  });
  return { encoded, x, products };
}

function matvecCheck(format: WeightFormat): SelfTestCheck {
  const { encoded, x, products } = linearData(format);
  const epsilon = 1e-5;
  const bias = wave(numOutputs, 3);
  const expected = products.map((product, at) => {
    const row = Math.floor(at / numOutputs) * columns;
    const meanSquare = x.subarray(row, row + columns).reduce((sum, value) => sum + value ** 2, 0) / columns;
    // The norm's weight is 2 throughout, and y was 1.
    return (2 * product) / Math.sqrt(meanSquare + epsilon) + bias[at % numOutputs]! + 1;
  });
  const step: CheckStep = {
    spec: matvec(format),
    constants: { NORM: 1, BIAS: 1, RESIDUAL: 1, ROWS: numRows },
    params: { columns, numOutputs, firstOutput: 0, outputStride: numOutputs, epsilon },
    grid: matvecGrid(numOutputs),
  };
  const normWeight = new Float32Array(columns).fill(2);
  const y = new Float32Array(expected.length).fill(1);
  return { steps: [step], buffers: { ...encoded, x, normWeight, bias, y }, result: 'y', expected };
}

function matmulCheck(format: WeightFormat): SelfTestCheck {
  const { encoded, x, products } = linearData(format);
  const step: CheckStep = {
    spec: matmul(format),
    constants: { BIAS: 0, RESIDUAL: 0 },
    params: {
      columns,
      numOutputs,
      numRows,
      firstOutput: 0,
      inputOffset: 0,
      inputStride: columns,
      outputOffset: 0,
      outputStride: numOutputs,
    },
    grid: matmulGrid(numOutputs, numRows),
  };
  const [bias, y] = [new Float32Array(numOutputs), new Float32Array(products.length)];
  return { steps: [step], buffers: { ...encoded, x, bias, y }, result: 'y', expected: products };
}

/** One KV head with 21 keys in two pages; the last token's query decodes, the last three tokens' prefill. */
function attentionChecks(format: KvFormat, headDim: number, group: number): SelfTestCheck[] {
  const numTokens = 21;
  const qkvStride = (group + 2) * headDim;
  const pages = wave(2 * 32 * headDim, 3);
  const stored = format === 'f32' ? pages : Uint16Array.from(pages, toF16Bits);
  const scale = headDim ** -0.5;
  const rowsOf = (qkv: Float32Array, count: number) =>
    Float32Array.from({ length: count * group * headDim }, (_, at) => {
      const [row, head] = [Math.floor(at / (group * headDim)), Math.floor(at / headDim) % group];
      const query = qkv.subarray(row * qkvStride + head * headDim).subarray(0, headDim);
      return attend(query, pages, numTokens - count + row + 1, at % headDim, scale);
    });
  const constants = { HEAD_DIM: headDim, GROUP: group };

  const qkv = wave(3 * qkvStride, 11);
  const prefill: SelfTestCheck = {
    steps: [
      {
        spec: prefillAttention(format),
        constants,
        params: {
          numRows: 3,
          firstRow: 0,
          firstPosition: numTokens - 3,
          qkvStride,
          kvHeads: 1,
          tileFirstPage: 0,
          tilePages: 2,
          tileTokens: numTokens,
          window: 0,
          isFirst: 1,
          isLast: 1,
          scale,
        },
        grid: prefillAttentionGrid(3, 1, group),
      },
    ],
    buffers: {
      qkv,
      tile: stored,
      attended: new Float32Array(3 * group * headDim),
      softmaxState: new Float32Array(2 * 3 * group),
    },
    result: 'attended',
    expected: rowsOf(qkv, 3),
  };

  const swapped = stored.slice();
  swapped.set(stored.subarray(stored.length / 2));
  swapped.set(stored.subarray(0, stored.length / 2), stored.length / 2);
  const query = qkv.slice(0, qkvStride);
  // A page a split, so that the merge has something to merge.
  const maxSplits = 2;
  const splits = { ...constants, PAGES_PER_SPLIT: 1 };
  const shared = { numRows: 1, kvHeads: 1, listOffset: 0, window: 0, maxSplits };
  const ofPool = { firstKvHead: 0, tableOffset: 0, maxPages: 2, listCapacity: 1 };
  const decode: SelfTestCheck = {
    steps: [
      {
        spec: sparseDecode(format),
        constants: splits,
        params: { ...shared, ...ofPool, qkvStride, scale },
        grid: sparseDecodeGrid(1, 1, maxSplits),
      },
      { spec: mergeSplits, constants: splits, params: shared, grid: mergeSplitsGrid(1, group) },
    ],
    buffers: {
      qkv: query,
      pool: swapped,
      blockTable: Uint32Array.of(1, 0),
      rows: Uint32Array.of(0, numTokens - 1, 0, 0),
      listState: new Uint32Array(2),
      lists: new Uint32Array(1),
      partials: new Float32Array(partialsBytes(1, group, maxSplits, headDim) / 4),
      attended: new Float32Array(group * headDim),
    },
    result: 'attended',
    expected: rowsOf(query, 1),
  };
  return [decode, prefill];
}

/** Channel `channel` of softmax attention of one query over the first `numKeys` keys of `pages [pages, 2, 16, headDim]`. */
function attend(
  query: Float32Array,
  pages: Float32Array,
  numKeys: number,
  channel: number,
  scale: number,
): number {
  const headDim = query.length;
  let [total, sum] = [0, 0];
  for (let key = 0; key < numKeys; key++) {
    const start = ((key >> 4) * 32 + (key & 15)) * headDim;
    const score = query.reduce((dot, value, i) => dot + value * pages[start + i]!, 0);
    const weight = Math.exp(score * scale);
    total += weight;
    sum += weight * pages[start + 16 * headDim + channel]!;
  }
  return sum / total;
}
