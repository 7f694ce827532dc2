/**
 * GB/s of the 4-bit matvecs over all layers' distinct weights of an 8B shape, as a decode step runs them, beside a kernel
 * that only reads, on the same GPU in the same run.
 */
import type { GpuBuffer } from '../../src/gpu/buffer';
import { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { matvec } from '../../src/kernels/linear/matvec';
import { bindMatvec, bindMatvecGated } from '../../src/graph/linear';
import type { Operation } from '../../src/graph/linear-context';
import { parseModelConfig, type ModelConfig } from '../../src/config/model-config';
import { allocateWeights } from '../../src/weights/weight-allocation';
import { uniformFormats } from '../../src/weights/matrix-formats';
import { destroyWeights, weightBuffers, type Matrix, type ModelWeights } from '../../src/weights/weights';
import { randomFloats } from '../util/random';
import { collectDispatches, TimedPass, type Dispatch } from './timed-pass';
import { Reading } from './reading';
import { median } from './statistics';

/** One kind of product, or all of them in a decode step's order, over all layers. */
export interface MatvecEntry {
  readonly name: string;
  /** Values, scales and biases of all its matrices. */
  readonly weightBytes: number;
  readonly numDispatches: number;
  readonly medianMs: number;
  readonly gigabytesPerSecond: number;
  /** Share of the rate of a kernel that only reads. */
  readonly shareOfReading: number;
}

/** What `measureMatvecs` measured. */
export interface MatvecResult {
  readonly adapter: string;
  readonly isSoftware: boolean;
  readonly numLayers: number;
  readonly variant: string;
  readonly rounds: number;
  /** Of a kernel that only reads. */
  readonly readGigabytesPerSecond: number;
  readonly entries: readonly MatvecEntry[];
}

/** How much to measure; what is left out depends on the adapter. */
export interface MatvecOptions {
  /** Layers with weights of their own: default 32, on a software adapter 2. */
  readonly numLayers?: number;
  readonly rounds?: number;
}

/** Llama 3 8B's layers; the vocabulary takes no part. */
const shape = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 64,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  tie_word_embeddings: true,
};

/** @throws EngineError `webgpu-unavailable`, `gpu-memory` */
export async function measureMatvecs(gpu: GPU, options: MatvecOptions): Promise<MatvecResult> {
  const device = await Device.request({ gpu });
  try {
    const isSoftware = device.features.has('software');
    const numLayers = options.numLayers ?? (isSoftware ? 2 : 32);
    const rounds = options.rounds ?? (isSoftware ? 3 : 15);
    const repeats = isSoftware ? 1 : 4;
    const config = parseModelConfig({ ...shape, num_hidden_layers: numLayers });
    const weights = await allocateWeights(device, config, uniformFormats('q4'), device.maxBindingBytes);
    fillWeights(device, weights);
    const compiler = new KernelCompiler(device);
    const products = await bindProducts(compiler, config, weights);
    const passes = products.map(({ dispatches }) => new TimedPass(compiler, dispatches));
    const reading = await Reading.create(compiler, isSoftware ? 2 ** 26 : 2 ** 30);

    const readMs: number[] = [];
    const passMs = passes.map((): number[] => []);
    // The first round warms up; then all take turns, so that a clock that changes changes all of them.
    for (let round = 0; round <= rounds; round++) {
      const times = [await reading.pass.run(repeats)];
      for (const pass of passes) times.push(await pass.run(repeats));
      device.throwIfFailed();
      if (round === 0) continue;
      readMs.push(times[0]!);
      passMs.forEach((samples, i) => samples.push(times[i + 1]!));
    }
    const readRate = reading.sizeBytes / median(readMs) / 1e6;
    const entries = products.map(({ name, weightBytes, dispatches }, i): MatvecEntry => {
      const medianMs = median(passMs[i]!);
      const rate = weightBytes / medianMs / 1e6;
      return {
        name,
        weightBytes,
        numDispatches: dispatches.length,
        medianMs,
        gigabytesPerSecond: rate,
        shareOfReading: rate / readRate,
      };
    });
    const { name: variant } = compiler.chooseVariant(matvec('q4'));
    for (const pass of passes) pass.destroy();
    reading.destroy();
    destroyWeights(weights);
    const adapter = [...new Set(Object.values(device.adapter).filter(Boolean))].join(' ');
    return { adapter, isSoftware, numLayers, variant, rounds, readGigabytesPerSecond: readRate, entries };
  } finally {
    device.destroy();
  }
}

/** Copies a piece of random 4-bit values, and of plausible scales, into every buffer of the weights. */
function fillWeights(device: Device, weights: ModelWeights): void {
  const sizeBytes = 2 ** 24;
  const create = (label: string, words: Uint32Array<ArrayBuffer>) => {
    const buffer = device.buffers.create({ label, category: 'staging', sizeBytes });
    device.write(buffer, 0, words);
    return buffer;
  };
  const values = create(
    'random values',
    new Uint32Array(randomFloats(sizeBytes / 4, 1).map((value) => value * 2 ** 31).buffer),
  );
  // f16 pairs: scale 2^-8, bias -2^-5, so that the mean of q = 8 is zero.
  const scales = create('scales', new Uint32Array(sizeBytes / 4).fill(0xa800_1c00));
  const encoder = device.handle.createCommandEncoder();
  for (const buffer of weightBuffers(weights)) {
    const source = buffer.label.endsWith('scales') ? scales : values;
    for (let at = 0; at < buffer.sizeBytes; at += sizeBytes) {
      const length = Math.min(sizeBytes, buffer.sizeBytes - at);
      encoder.copyBufferToBuffer(source.handle, 0, buffer.handle, at, length);
    }
  }
  device.handle.queue.submit([encoder.finish()]);
  values.destroy();
  scales.destroy();
}

interface Product {
  readonly name: string;
  readonly weightBytes: number;
  readonly dispatches: readonly Dispatch[];
}

async function bindProducts(
  compiler: KernelCompiler,
  config: ModelConfig,
  weights: ModelWeights,
): Promise<Product[]> {
  const { device } = compiler;
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim } = config;
  const qkvWidth = (numHeads + 2 * numKvHeads) * headDim;
  const vector = (label: string, length: number, scale: number): GpuBuffer => {
    const buffer = device.buffers.create({ label, category: 'activations', sizeBytes: 4 * length });
    device.write(buffer, 0, randomFloats(length, 2, scale));
    return buffer;
  };
  const hidden = vector('hidden', hiddenSize, 1);
  const qkv = vector('qkv', qkvWidth, 1);
  const attended = vector('attended', numHeads * headDim, 0.01);
  const inner = vector('inner', intermediateSize, 0.01);
  const normWeight = vector('norm', hiddenSize, 1);
  const unused = vector('unused', 4, 1);
  const context = { compiler, config, unused };
  const rows = 1;
  const layers = await Promise.all(
    weights.layers.map(async (layer): Promise<readonly [name: string, matrix: Matrix, run: Operation][]> => {
      const residual = { y: hidden, outputStride: hiddenSize, isResidual: true, rows };
      const project = { x: hidden, y: qkv, outputStride: qkvWidth, normWeight, rows };
      return [
        ['qkv', layer.qkv, await bindMatvec(context, layer.qkv, project)],
        ['output', layer.output, await bindMatvec(context, layer.output, { x: attended, ...residual })],
        [
          'gate/up',
          layer.gateUp,
          await bindMatvecGated(context, layer.gateUp, { x: hidden, y: inner, normWeight, rows }),
        ],
        ['down', layer.down, await bindMatvec(context, layer.down, { x: inner, ...residual })],
      ];
    }),
  );
  const productOf = (name: string, parts: (typeof layers)[number]): Product => ({
    name,
    weightBytes: parts.reduce((sum, [, matrix]) => sum + matrixBytes(matrix), 0),
    dispatches: collectDispatches(parts.map(([, , run]) => run)),
  });
  const all = layers.flat();
  const names = ['qkv', 'output', 'gate/up', 'down'];
  return [
    productOf('all layers', all),
    ...names.map((name) =>
      productOf(
        name,
        all.filter(([part]) => part === name),
      ),
    ),
  ];
}

function matrixBytes({ slabs }: Matrix): number {
  return slabs.reduce((sum, { values, scales }) => sum + values.sizeBytes + (scales?.sizeBytes ?? 0), 0);
}
