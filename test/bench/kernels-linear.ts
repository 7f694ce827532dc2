/**
 * Times the linear kernels at the shapes of two models, every variant that the adapter can run, measured in turns.
 * Arguments: `--formats q4,f16`, `--kernels matvec,matvec-gated,matmul`, `--rows 1,4`, `--shapes small|large|scout`, `--variants naive,…`,
 * `--ahead 1,2,4`: steps that the portable matvec loads weights ahead, by default what the engine takes.
 */
import { parseArgs } from 'node:util';
import type { GpuBuffer } from '../../src/gpu/buffer';
import { Device } from '../../src/gpu/device';
import { KernelCompiler, type BoundKernel, type Grid, type KernelSpec } from '../../src/gpu/kernel';
import { Recorder } from '../../src/gpu/recorder';
import { matmul, matmulGrid } from '../../src/kernels/linear/matmul';
import { matvec, matvecGrid, matvecTuning } from '../../src/kernels/linear/matvec';
import { matvecGated } from '../../src/kernels/linear/matvec-gated';
import { matrixLayout, type WeightFormat } from '../../src/kernels/linear/weight-format';
import { gpu } from '../support/gpu-setup';

interface Shape {
  readonly what: string;
  readonly columns: number;
  readonly outputs: number;
  readonly isGated?: boolean;
  readonly isNormed?: boolean;
}

const shapes: Readonly<Record<string, readonly Shape[]>> = {
  small: [
    { what: 'qkv', columns: 896, outputs: 1152, isNormed: true },
    { what: 'o', columns: 896, outputs: 896 },
    { what: 'gate/up', columns: 896, outputs: 4864, isGated: true, isNormed: true },
    { what: 'down', columns: 4864, outputs: 896 },
    { what: 'head', columns: 896, outputs: 151936, isNormed: true },
  ],
  large: [
    { what: 'qkv', columns: 4096, outputs: 6144, isNormed: true },
    { what: 'o', columns: 4096, outputs: 4096 },
    { what: 'gate/up', columns: 4096, outputs: 14336, isGated: true, isNormed: true },
    { what: 'down', columns: 14336, outputs: 4096 },
  ],
  scout: [
    { what: 'qkv', columns: 256, outputs: 512, isNormed: true },
    { what: 'o', columns: 256, outputs: 256 },
    { what: 'gate/up', columns: 256, outputs: 1024, isGated: true, isNormed: true },
    { what: 'down', columns: 1024, outputs: 256 },
  ],
};

/** One kernel at one shape, ready to be dispatched. */
interface Entry {
  readonly title: string;
  readonly variant: string;
  readonly weightBytes: number;
  readonly flop: number;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
  /** One per copy of the weights: more than a cache holds, on a real GPU. */
  readonly bound: readonly BoundKernel[];
  bestMs: number;
  /** Milliseconds of this process on all its cores: on a software adapter, other programs hardly disturb them. */
  bestCpuMs: number;
}

/** Prints milliseconds, CPU milliseconds, GB/s of weights and GFLOP/s of every entry. */
export async function main(args: string[]): Promise<void> {
  const { values: options } = parseArgs({
    args,
    options: {
      formats: { type: 'string', default: 'q4' },
      kernels: { type: 'string', default: 'matvec,matvec-gated,matmul' },
      rows: { type: 'string', default: '1,4' },
      prefill: { type: 'string', default: '128' },
      shapes: { type: 'string' },
      variants: { type: 'string' },
      ahead: { type: 'string' },
      rounds: { type: 'string', default: '5' },
    },
  });
  const device = await Device.request({ gpu });
  const isSoftware = device.features.has('software');
  const compiler = new KernelCompiler(device);
  const recorder = new Recorder(compiler);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  print(
    `adapter: ${Object.values(device.adapter).filter(Boolean).join(' ')} (${[...device.features].join(', ')})`,
  );
  if (!isSoftware) print(`copy: ${(await copySpeed(device)).toFixed(0)} GB/s read + write`);

  const rowCounts = options.rows.split(',').map(Number);
  for (const format of options.formats.split(',') as WeightFormat[]) {
    for (const shape of shapes[options.shapes ?? (isSoftware ? 'small' : 'large')] ?? []) {
      const buffers = new BenchBuffers(device, format, shape, isSoftware ? 0 : 256e6);
      for (const kernelName of options.kernels.split(',')) {
        if (kernelName === 'matvec-gated' ? !shape.isGated : kernelName === 'matvec' && shape.isGated)
          continue;
        const counts = kernelName === 'matmul' ? [Number(options.prefill)] : rowCounts;
        for (const rows of counts) {
          if (kernelName === 'matmul' && shape.what === 'head') continue;
          const wanted = options.variants?.split(',');
          const aheads = kernelName === 'matmul' ? undefined : options.ahead?.split(',').map(Number);
          const entries = (
            await Promise.all(
              (aheads ?? [undefined]).map((ahead) =>
                prepare(compiler, buffers, { kernelName, rows, wanted, ahead }),
              ),
            )
          ).flat();
          for (let round = 0; round < Number(options.rounds); round++) {
            for (const entry of entries) await time(device, recorder, entry);
          }
          for (const entry of entries) print(describe(entry));
        }
      }
      buffers.destroy();
    }
  }
  recorder.destroy();
  device.destroy();
}

/** Buffers that serve every kernel at one shape. */
class BenchBuffers {
  readonly shape: Shape;
  readonly format: WeightFormat;
  readonly weightBytes: number;
  readonly copies: Record<string, GpuBuffer>[] = [];
  readonly #all: GpuBuffer[] = [];

  constructor(device: Device, format: WeightFormat, shape: Shape, minTotalBytes: number) {
    this.shape = shape;
    this.format = format;
    const outputs = shape.outputs * (shape.isGated ? 2 : 1);
    const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(format, shape.columns);
    this.weightBytes = outputs * (valueBytesPerRow + scaleBytesPerRow);
    const create = (label: string, sizeBytes: number, word: number) => {
      const buffer = device.buffers.create({ label, category: 'weights', sizeBytes });
      device.write(buffer, 0, new Uint32Array(buffer.sizeBytes / 4).fill(word));
      this.#all.push(buffer);
      return buffer;
    };
    const numCopies = Math.min(64, Math.max(1, Math.ceil(minTotalBytes / this.weightBytes)));
    const one = new Uint32Array(Float32Array.of(0.01).buffer)[0]!;
    const common = {
      x: create('x', 512 * shape.columns * 4, one),
      y: create('y', (shape.what === 'head' ? 8 : 512) * outputs * 4, 0),
      normWeight: create('normWeight', shape.columns * 4, one),
      bias: create('bias', outputs * 4, one),
    };
    const word = format === 'f32' ? one : 0x1c1f1b1e;
    for (let i = 0; i < numCopies; i++) {
      const values = create('values', outputs * valueBytesPerRow, word);
      const scales = create('scales', Math.max(16, outputs * scaleBytesPerRow), 0x9a001c00);
      this.copies.push({ ...common, values, scales });
    }
  }

  destroy(): void {
    for (const buffer of this.#all) buffer.destroy();
  }
}

/** One kernel at one number of rows. */
interface Measured {
  readonly kernelName: string;
  readonly rows: number;
  /** Names of variants; all that the device can run by default. */
  readonly wanted: readonly string[] | undefined;
  /** Steps whose weights are loaded ahead; the usual tuning by default. */
  readonly ahead: number | undefined;
}

async function prepare(
  compiler: KernelCompiler,
  { shape, format, copies, weightBytes }: BenchBuffers,
  { kernelName, rows, wanted, ahead }: Measured,
): Promise<Entry[]> {
  const { columns } = shape;
  const matrixRows = shape.outputs * (shape.isGated ? 2 : 1);
  const numOutputs = kernelName === 'matvec-gated' ? shape.outputs : matrixRows;
  const norm = Number(shape.isNormed ?? false);
  const isGated = kernelName === 'matvec-gated';
  const usual = matvecTuning({ format, numRows: matrixRows, rows, isGated }, compiler.device.features);
  const tuning = { ...usual, ...(ahead !== undefined && { AHEAD: ahead }) };
  const matvecCells = matvecGrid(matrixRows, tuning);
  const specs: Record<string, [spec: KernelSpec, constants: Record<string, number>, grid: Grid]> = {
    matvec: [matvec(format), { NORM: norm, RESIDUAL: 1 - norm, ROWS: rows, ...tuning }, matvecCells],
    'matvec-gated': [matvecGated(format), { NORM: norm, ROWS: rows, ...tuning }, matvecCells],
    matmul: [matmul(format), {}, matmulGrid(numOutputs, rows)],
  };
  const [spec, constants, grid] = specs[kernelName]!;
  const params = {
    columns,
    numOutputs,
    numRows: rows,
    firstOutput: 0,
    inputOffset: 0,
    inputStride: columns,
    outputOffset: 0,
    outputStride: numOutputs,
    hasBias: 0,
    isResidual: 0,
    epsilon: 1e-6,
  };
  const { features } = compiler.device;
  const variants = spec.variants.filter(
    ({ name, requires = [] }) =>
      requires.every((feature) => features.has(feature)) && (wanted?.includes(name) ?? true),
  );
  return Promise.all(
    variants.map(async (variant): Promise<Entry> => {
      const kernel = await compiler.compile(spec, constants, variant);
      return {
        title: `${kernelName}:${format} ${shape.what} ${columns} to ${numOutputs}, ${rows} rows`,
        variant: ahead === undefined ? variant.name : `${variant.name} ahead ${ahead}`,
        weightBytes,
        flop: 2 * matrixRows * columns * rows,
        params,
        grid,
        bound: copies.map((buffers) => kernel.bind(buffers)),
        bestMs: Infinity,
        bestCpuMs: Infinity,
      };
    }),
  );
}

/** Times one dispatch, from a submission of every copy once, and keeps the best. */
async function time(device: Device, recorder: Recorder, entry: Entry): Promise<void> {
  const { bound, params, grid } = entry;
  const startCpu = process.cpuUsage();
  const start = performance.now();
  for (const kernel of bound) recorder.dispatch(kernel, params, grid);
  recorder.submit();
  await device.handle.queue.onSubmittedWorkDone();
  device.throwIfFailed();
  const cpu = process.cpuUsage(startCpu);
  entry.bestMs = Math.min(entry.bestMs, (performance.now() - start) / bound.length);
  entry.bestCpuMs = Math.min(entry.bestCpuMs, (cpu.user + cpu.system) / 1e3 / bound.length);
}

function describe({ title, variant, weightBytes, flop, bestMs, bestCpuMs }: Entry): string {
  const rates = `${(weightBytes / bestMs / 1e6).toFixed(2)} GB/s  ${(flop / bestMs / 1e6).toFixed(2)} GFLOP/s`;
  return `${title.padEnd(48)} ${variant.padEnd(18)} ${bestMs.toFixed(3).padStart(9)} ms  ${bestCpuMs.toFixed(3).padStart(9)} CPU ms  ${rates}`;
}

/** GB/s of a buffer copy, bytes read plus bytes written. */
async function copySpeed(device: Device): Promise<number> {
  const sizeBytes = 256 * 2 ** 20;
  const [source, target] = ['source', 'target'].map((label) =>
    device.buffers.create({ label, category: 'staging', sizeBytes }),
  ) as [GpuBuffer, GpuBuffer];
  let bestMs = Infinity;
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    const encoder = device.handle.createCommandEncoder();
    for (let i = 0; i < 10; i++) encoder.copyBufferToBuffer(source.handle, 0, target.handle, 0, sizeBytes);
    device.handle.queue.submit([encoder.finish()]);
    await device.handle.queue.onSubmittedWorkDone();
    bestMs = Math.min(bestMs, (performance.now() - start) / 10);
  }
  source.destroy();
  target.destroy();
  return (2 * sizeBytes) / bestMs / 1e6;
}
