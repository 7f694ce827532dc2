/** Turns logits into tokens on the GPU, one or two dispatches a step: the buffers that it needs, and nothing that decides. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { BoundKernel, Kernel, KernelCompiler } from '../gpu/kernel';
import { flatGrid, type Recorder } from '../gpu/recorder';
import {
  isSamplingWide,
  maxVocabSize,
  numVocabBlocks,
  sample,
  sampleBlocks,
  sampleConstants,
  sampleBlocksGrid,
  settingsWords,
} from '../kernels/sampler/sample';
import { assert } from '../util/assert';
import { roundUp } from '../util/math';
import { encodeHistory, type HistoryStart } from './history';
import { resultBytesPerRow } from './results';
import { checkEosIds, encodeSamplerSettings, needsHistory, type SamplerSettings } from './settings';

/** Sizes of a sampler. */
interface SamplerOptions {
  /** At most 262,144. */
  readonly vocabSize: number;
  /** Sequence slots. */
  readonly numSequences: number;
  /** Rows sampled in one step at most. */
  readonly maxRows: number;
  /** At most 16. */
  readonly eosIds: readonly number[];
}

type SampleBinding = keyof typeof sample.bindings;
type SampleParam = keyof typeof sample.params;

/** The kernels of a step; `blocks` goes first, where sampling is wide. */
interface SampleKernels {
  readonly blocks: Kernel<SampleBinding, SampleParam> | undefined;
  readonly sample: Kernel<SampleBinding, SampleParam>;
}

/** Those of two buffers. */
interface BoundSample {
  readonly blocks: BoundKernel<SampleParam> | undefined;
  readonly sample: BoundKernel<SampleParam>;
}

/**
 * GPU bytes of a sampler. `history` is allocated when the first request with a penalty or a bias comes, `always` at once.
 */
export function samplerBytes(options: Pick<SamplerOptions, 'vocabSize' | 'numSequences' | 'maxRows'>): {
  readonly always: number;
  readonly history: number;
} {
  const { vocabSize, numSequences } = options;
  const sizes = fixedSizes(options);
  const always = Object.values(sizes).reduce((sum, sizeBytes) => sum + roundUp(sizeBytes, 16), 0);
  return { always, history: roundUp(4 * numSequences * vocabSize, 16) };
}

function fixedSizes({
  vocabSize,
  numSequences,
  maxRows,
}: Pick<SamplerOptions, 'vocabSize' | 'numSequences' | 'maxRows'>) {
  return {
    settings: 4 * settingsWords * numSequences,
    tokens: 4 * numSequences,
    done: 4 * numSequences,
    results: maxRows * resultBytesPerRow,
    blocks: 8 * maxRows * numVocabBlocks(vocabSize),
    noHistory: 4,
  };
}

/** Owns `tokens`, `done`, `results`, settings and history of all sequences; a sequence stands in one row of a step. */
export class Sampler {
  /** `[sequences]` u32: the latest sampled token of each. */
  readonly tokens: GpuBuffer;
  /** `[sequences]` u32: 1 after an end-of-sequence token. */
  readonly done: GpuBuffer;
  /** `[maxRows, 44]` u32: what `decodeResults` reads, `resultBytesPerRow` bytes a row. */
  readonly results: GpuBuffer;
  readonly #device: Device;
  readonly #options: SamplerOptions;
  readonly #kernels: SampleKernels;
  readonly #settings: GpuBuffer;
  readonly #blocks: GpuBuffer;
  readonly #noHistory: GpuBuffer;
  #history: GpuBuffer | undefined;
  #historyPending: Promise<GpuBuffer> | undefined;
  #bound = new Map<GpuBuffer, Map<GpuBuffer, BoundSample>>();

  private constructor(device: Device, kernels: SampleKernels, options: SamplerOptions) {
    const { vocabSize } = options;
    assert(vocabSize <= maxVocabSize, `a vocabulary of ${vocabSize} is larger than ${maxVocabSize}`);
    this.#device = device;
    this.#options = options;
    this.#kernels = kernels;
    const sizes = fixedSizes(options);
    const create = (name: keyof typeof sizes) =>
      device.buffers.create({ label: `sampler ${name}`, category: 'sampler', sizeBytes: sizes[name] });
    this.#settings = create('settings');
    this.tokens = create('tokens');
    this.done = create('done');
    this.results = create('results');
    this.#blocks = create('blocks');
    this.#noHistory = create('noHistory');
  }

  /** Compiles the kernels, then creates the buffers of `samplerBytes().always`. */
  static async create(compiler: KernelCompiler, options: SamplerOptions): Promise<Sampler> {
    const { vocabSize, eosIds } = options;
    checkEosIds(eosIds);
    const isWide = isSamplingWide(vocabSize, compiler.device.features);
    const [blocks, last] = await Promise.all([
      isWide ? compiler.compile(sampleBlocks) : undefined,
      compiler.compile(sample, sampleConstants(vocabSize, compiler.device.features)),
    ]);
    return new Sampler(compiler.device, { blocks, sample: last }, options);
  }

  /**
   * Prepares a slot for a new request, before the first step that samples it is recorded: its settings, its history, and
   * `done` = 0. Other sequences, and submitted steps of this one, are not disturbed.
   * @throws EngineError `gpu-memory` when the history does not fit
   */
  async configure(sequence: number, settings: SamplerSettings, start: HistoryStart = {}): Promise<void> {
    const { vocabSize, numSequences, eosIds } = this.#options;
    assert(sequence >= 0 && sequence < numSequences, `no sequence slot ${sequence} of ${numSequences}`);
    const hasHistory = needsHistory(
      settings,
      start.allowed !== undefined || (start.logitBias?.length ?? 0) > 0,
    );
    if (hasHistory) {
      const history = this.#history ?? (await (this.#historyPending ??= this.#allocateHistory()));
      this.#device.write(history, 4 * vocabSize * sequence, encodeHistory(vocabSize, start));
    }
    const words = encodeSamplerSettings(settings, { eosIds, hasHistory });
    this.#device.write(this.#settings, words.byteLength * sequence, words);
    this.#device.write(this.done, 4 * sequence, new Uint32Array(1));
  }

  /**
   * Gives a sequence another history before its next step is submitted; it was configured with one. Steps that are submitted already
   * are not disturbed.
   */
  setHistory(sequence: number, start: HistoryStart): void {
    const { vocabSize } = this.#options;
    assert(this.#history, 'a sequence with a history was configured with one');
    this.#device.write(this.#history, 4 * vocabSize * sequence, encodeHistory(vocabSize, start));
  }

  /**
   * Records the step's dispatches: row i of `logits [rows, vocabSize]` f32 gives the next token of the sequence in row i of
   * `rows [rows] vec4<u32>`. Creates a bind group only for a pair of buffers that it has not seen.
   */
  record(recorder: Recorder, step: { logits: GpuBuffer; rows: GpuBuffer; numRows: number }): void {
    const { vocabSize, maxRows } = this.#options;
    assert(step.numRows <= maxRows, `${step.numRows} rows to sample, room for ${maxRows}`);
    const { blocks, sample } = this.#bind(step.logits, step.rows);
    const params = { rows: step.numRows, vocabSize };
    if (blocks) recorder.dispatch(blocks, params, sampleBlocksGrid(vocabSize, step.numRows));
    recorder.dispatch(sample, params, flatGrid(step.numRows));
  }

  destroy(): void {
    const { tokens, done, results } = this;
    for (const buffer of [this.#settings, tokens, done, results, this.#blocks, this.#noHistory])
      buffer.destroy();
    this.#history?.destroy();
  }

  #bind(logits: GpuBuffer, rows: GpuBuffer): BoundSample {
    const byRows = this.#bound.get(logits) ?? new Map<GpuBuffer, BoundSample>();
    this.#bound.set(logits, byRows);
    let bound = byRows.get(rows);
    if (!bound) {
      const { tokens, done, results } = this;
      const history = this.#history ?? this.#noHistory;
      const blocks = this.#blocks;
      const buffers = { logits, rows, settings: this.#settings, history, tokens, done, results, blocks };
      bound = { blocks: this.#kernels.blocks?.bind(buffers), sample: this.#kernels.sample.bind(buffers) };
      byRows.set(rows, bound);
    }
    return bound;
  }

  async #allocateHistory(): Promise<GpuBuffer> {
    const { numSequences, vocabSize } = this.#options;
    const { buffers } = this.#device;
    const descriptor = {
      label: 'sampler history',
      category: 'sampler',
      sizeBytes: 4 * numSequences * vocabSize,
    } as const;
    let history: GpuBuffer | undefined;
    try {
      await this.#device.allocating('penalties and logit bias', () => (history = buffers.create(descriptor)));
      assert(history, 'an allocation that did not fail gives a buffer');
    } catch (error) {
      history?.destroy();
      throw error;
    } finally {
      this.#historyPending = undefined;
    }
    this.#history = history;
    this.#bound.clear();
    return history;
  }
}
