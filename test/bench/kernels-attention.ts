/**
 * Times the attention and cache kernels on this machine's adapter, all variants in turn:
 * `node test/bench/run.mjs kernels-attention [text in the title]`. Prints milliseconds, GFLOP/s, GB/s.
 */
import { Device } from '../../src/gpu/device';
import { KernelCompiler, type BoundKernel, type Grid, type KernelSpec } from '../../src/gpu/kernel';
import { Recorder } from '../../src/gpu/recorder';
import {
  pageBytes,
  summaryBytes,
  type KvElement,
  type KvFormat,
} from '../../src/kernels/attention/kv-format';
import { numSplits, partialsBytes, wantedSplits } from '../../src/kernels/attention/page-splits';
import { prefillAttention, prefillAttentionGrid } from '../../src/kernels/attention/prefill-attention';
import {
  mergeSplits,
  mergeSplitsGrid,
  sparseDecode,
  sparseDecodeGrid,
} from '../../src/kernels/attention/sparse-decode';
import { ropeAppendGrid, ropeAppendTile } from '../../src/kernels/cache/rope-append';
import { pageScore, pageScoreGrid } from '../../src/kernels/select/page-score';
import { topK } from '../../src/kernels/select/top-k';
import { availableVariants } from '../kernels/harness';
import { gpu } from '../support/gpu-setup';
import { randomFloats } from '../../tools/util/random';

interface Bench {
  readonly title: string;
  readonly spec: KernelSpec;
  readonly constants: Readonly<Record<string, number>>;
  /** Content, or a size in bytes for zeros. */
  readonly buffers: Readonly<Record<string, ArrayBufferView<ArrayBuffer> | number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
  readonly list?: Uint32Array;
  readonly flops: number;
  readonly bytes: number;
}

interface HeadShape {
  readonly headDim: number;
  /** Query heads to a KV head. */
  readonly group: number;
  readonly kvHeads: number;
}

function decodeBench(shape: HeadShape, numTokens: number, format: KvFormat = 'f16'): Bench {
  const { headDim, group, kvHeads } = shape;
  const heads = group * kvHeads;
  const maxPages = Math.ceil(numTokens / 16);
  const splits = wantedSplits(kvHeads);
  const maxSplits = numSplits({ position: numTokens - 1, splits });
  const qkvStride = (heads + 2 * kvHeads) * headDim;
  const poolBytes = kvHeads * maxPages * pageBytes(format, headDim);
  return {
    title: `decode ${format} headDim ${headDim} group ${group} kvHeads ${kvHeads} tokens ${numTokens}`,
    spec: sparseDecode(format),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: {
      qkv: randomFloats(qkvStride, 1),
      pool: poolBytes,
      blockTable: Uint32Array.from({ length: kvHeads * maxPages }, (_, i) => i),
      rows: Uint32Array.of(0, numTokens - 1, 0, 0),
      listState: new Uint32Array(2 * kvHeads),
      lists: 16,
      partials: partialsBytes(1, heads, maxSplits, headDim),
    },
    params: {
      ...{
        numRows: 1,
        qkvStride,
        kvHeads,
        firstKvHead: 0,
        tableOffset: 0,
        maxPages,
        listOffset: 0,
        listCapacity: 0,
      },
      ...{ window: 0, splits, maxSplits, scale: headDim ** -0.5 },
    },
    grid: sparseDecodeGrid(1, kvHeads, maxSplits),
    flops: 4 * heads * numTokens * headDim,
    bytes: poolBytes,
  };
}

function mergeBench(shape: HeadShape, numTokens: number): Bench {
  const { headDim, group, kvHeads } = shape;
  const { buffers, params } = decodeBench(shape, numTokens);
  const heads = group * kvHeads;
  return {
    title: `merge headDim ${headDim} heads ${heads} splits ${params['maxSplits']}`,
    spec: mergeSplits,
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: { ...buffers, attended: 4 * heads * headDim },
    params,
    grid: mergeSplitsGrid(1, heads),
    flops: 2 * heads * headDim * params['maxSplits']!,
    bytes: buffers['partials'] as number,
  };
}

function prefillBench(
  { headDim, group, kvHeads }: HeadShape,
  numRows: number,
  firstPosition: number,
  format: KvElement = 'f16',
): Bench {
  const heads = group * kvHeads;
  const numTokens = firstPosition + numRows;
  const tilePages = Math.ceil(numTokens / 16);
  const qkvStride = (heads + 2 * kvHeads) * headDim;
  return {
    title: `prefill ${format} headDim ${headDim} group ${group} kvHeads ${kvHeads} rows ${numRows} from ${firstPosition}`,
    spec: prefillAttention(format, headDim),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: {
      qkv: randomFloats(numRows * qkvStride, 1),
      tile: kvHeads * tilePages * pageBytes(format, headDim),
      attended: 4 * numRows * heads * headDim,
      softmaxState: 8 * numRows * heads,
    },
    params: {
      ...{ numRows, firstRow: 0, firstPosition, qkvStride, kvHeads, firstKvHead: 0 },
      ...{ tileFirstPage: 0, tilePages },
      ...{ tileTokens: numTokens, window: 0, isFirst: 1, isLast: 1, scale: headDim ** -0.5 },
    },
    grid: prefillAttentionGrid(numRows, kvHeads, group),
    flops: 4 * heads * headDim * (numRows * firstPosition + (numRows * (numRows + 1)) / 2),
    bytes: 4 * numRows * (qkvStride + heads * headDim) + kvHeads * tilePages * pageBytes(format, headDim),
  };
}

function ropeBench({ headDim, group, kvHeads }: HeadShape, numRows: number): Bench {
  const qkvStride = (group + 2) * kvHeads * headDim;
  const tilePages = numRows / 16;
  return {
    title: `rope-append-tile headDim ${headDim} group ${group} kvHeads ${kvHeads} rows ${numRows}`,
    spec: ropeAppendTile('f16'),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: {
      qkv: randomFloats(numRows * qkvStride, 1),
      ropeTable: 8 * 300 * (headDim / 2),
      qkNorm: 8 * headDim,
      tile: kvHeads * tilePages * pageBytes('f16', headDim),
    },
    params: {
      ...{ numRows, firstRow: 0, firstPosition: 0, qkvStride, kvHeads, rotaryDim: headDim },
      ...{ tileFirstPage: 0, tilePages, epsilon: 1e-5 },
    },
    grid: ropeAppendGrid(numRows, kvHeads, group, headDim),
    flops: 6 * numRows * qkvStride,
    bytes: 8 * numRows * qkvStride,
  };
}

function scoreBench({ headDim, group, kvHeads }: HeadShape, numPages: number): Bench {
  const qkvStride = (group + 2) * kvHeads * headDim;
  const summariesBytes = kvHeads * numPages * summaryBytes('f16', headDim);
  return {
    title: `page-score headDim ${headDim} group ${group} kvHeads ${kvHeads} pages ${numPages}`,
    spec: pageScore('f16'),
    constants: { HEAD_DIM: headDim, GROUP: group },
    buffers: {
      qkv: randomFloats(qkvStride, 1),
      rows: Uint32Array.of(0, numPages * 16 - 1, 0, 0),
      summaryTable: Uint32Array.from({ length: numPages }, (_, i) => i),
      summaries: summariesBytes,
      scores: 4 * kvHeads * numPages,
    },
    params: {
      ...{ firstRow: 0, numQueries: 1, firstTask: 0, qkvStride, firstKvHead: 0, maxPages: numPages },
      ...{ numSummarySlots: numPages, scoreStride: numPages, window: 1, sinks: 0 },
    },
    grid: pageScoreGrid(kvHeads, numPages),
    list: Uint32Array.from({ length: 2 * kvHeads }, (_, i) => (i % 2) * (i >> 1)),
    flops: 4 * kvHeads * group * headDim * numPages,
    bytes: summariesBytes,
  };
}

function topKBench(kvHeads: number, numPages: number, budget: number): Bench {
  return {
    title: `top-k ${budget} of ${numPages} pages, kvHeads ${kvHeads}`,
    spec: topK(numPages),
    constants: {},
    buffers: {
      rows: Uint32Array.of(0, numPages * 16 - 1, 0, 0),
      scores: randomFloats(kvHeads * numPages, 1),
      listState: 8 * kvHeads,
      lists: 4 * kvHeads * budget,
    },
    params: {
      numTasks: kvHeads,
      kvHeads,
      budget,
      listOffset: 0,
      listCapacity: budget,
      scoreStride: numPages,
    },
    grid: [kvHeads],
    list: Uint32Array.from({ length: 2 * kvHeads }, (_, i) => (i % 2) * (i >> 1)),
    flops: 0,
    bytes: 6 * 4 * kvHeads * numPages,
  };
}

/** Shapes for a software adapter (two cores) and, with `large`, for a GPU. */
function benches(isLarge: boolean): Bench[] {
  const scale = isLarge ? 8 : 1;
  return [
    decodeBench({ headDim: 32, group: 2, kvHeads: 4 }, 4096 * scale),
    decodeBench({ headDim: 64, group: 7, kvHeads: 2 }, 4096 * scale),
    decodeBench({ headDim: 64, group: 1, kvHeads: 4 }, 4096 * scale),
    decodeBench({ headDim: 128, group: 4, kvHeads: 8 }, 1024 * scale * scale),
    mergeBench({ headDim: 64, group: 7, kvHeads: 2 }, 4096 * scale),
    prefillBench({ headDim: 32, group: 2, kvHeads: 4 }, 256, 0),
    prefillBench({ headDim: 64, group: 7, kvHeads: 2 }, 128 * scale, 256 * scale),
    prefillBench({ headDim: 64, group: 1, kvHeads: 4 }, 256 * scale, 256 * scale),
    prefillBench({ headDim: 128, group: 4, kvHeads: 2 * scale }, 64 * scale, 256 * scale),
    ropeBench({ headDim: 64, group: 7, kvHeads: 2 }, 256 * scale),
    scoreBench({ headDim: 64, group: 7, kvHeads: 2 }, 2048),
    topKBench(8, 2048, 64),
    topKBench(8, 8192, 256),
  ];
}

/** Runs the benches whose title contains the first argument; a second one names the variants to measure. */
export async function main([
  filter = '',
  names = 'software,portable,naive',
]: readonly string[]): Promise<void> {
  const device = await Device.request({ gpu });
  const compiler = new KernelCompiler(device);
  const isLarge = !device.features.has('software');
  process.stdout.write(`${device.adapter.vendor} ${device.adapter.device} ${device.adapter.description}\n`);
  for (const bench of benches(isLarge).filter(({ title }) => title.includes(filter))) {
    process.stdout.write(`${bench.title}\n`);
    const buffers = Object.fromEntries(
      Object.keys(bench.spec.bindings).map((label) => {
        const content = bench.buffers[label]!;
        const sizeBytes = typeof content === 'number' ? content : content.byteLength;
        const buffer = device.buffers.create({ label, category: 'activations', sizeBytes });
        if (typeof content !== 'number') device.write(buffer, 0, content);
        return [label, buffer];
      }),
    );
    const times = new Map<string, number[]>();
    const cpuTimes = new Map<string, number>();
    const recorder = new Recorder(compiler, { maxDispatches: 1024 });
    const time = async (bound: BoundKernel, numTimes: number): Promise<number> => {
      const start = performance.now();
      for (let i = 0; i < numTimes; i++) recorder.dispatch(bound, bench.params, bench.grid, bench.list);
      recorder.submit();
      await device.handle.queue.onSubmittedWorkDone();
      return (performance.now() - start) / numTimes;
    };
    const kernels: [name: string, bound: BoundKernel, numTimes: number][] = [];
    for (const variant of availableVariants(device, bench.spec)) {
      if (isLarge ? variant.name === 'naive' : !names.includes(variant.name)) continue;
      const start = process.cpuUsage();
      const bound = (await compiler.compile(bench.spec, bench.constants, variant)).bind(buffers);
      await time(bound, 1);
      const { user, system } = process.cpuUsage(start);
      const compileMs = (user + system) / 1000;
      const firstMs = await time(bound, 1);
      process.stdout.write(
        `  ${variant.name.padEnd(12)} compiled and run once in ${compileMs.toFixed(0)} ms of CPU\n`,
      );
      kernels.push([variant.name, bound, Math.min(Math.max(Math.round(100 / firstMs), 1), 200)]);
    }
    for (let round = 0; round < 5; round++) {
      for (const [name, bound, numTimes] of kernels) {
        const cpuStart = process.cpuUsage();
        times.set(name, [...(times.get(name) ?? []), await time(bound, numTimes)]);
        const { user, system } = process.cpuUsage(cpuStart);
        cpuTimes.set(name, Math.min(cpuTimes.get(name) ?? Infinity, (user + system) / 1000 / numTimes));
      }
    }
    for (const [name, samples] of times) {
      const best = Math.min(...samples);
      const median = samples.sort((a, b) => a - b)[2]!;
      const cpuMs = cpuTimes.get(name)!;
      const line = [
        `best ${best.toFixed(3)} ms, median ${median.toFixed(3)} ms, CPU ${cpuMs.toFixed(2)} ms`,
        `${(bench.flops / best / 1e6).toFixed(2)} GFLOP/s (${(bench.flops / cpuMs / 1e6).toFixed(2)} per CPU)`,
        `${(bench.bytes / best / 1e6).toFixed(2)} GB/s`,
      ];
      process.stdout.write(`  ${name.padEnd(12)} ${line.join(', ')}\n`);
    }
    recorder.destroy();
    for (const buffer of Object.values(buffers)) buffer.destroy();
    device.throwIfFailed();
  }
  device.destroy();
}
