/** Takes the rows of a model's tensors in any order and ends up as the model's weights on the GPU. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { WeightFormat } from '../kernels/linear/weight-format';
import { areFinite, encodeElements, widenElements } from './elements';
import type { ModelConfig } from '../config/model-config';
import type { LoadableType } from './safetensors';
import type { RowRun, Target } from './tensor-plan';
import { allocateWeights } from './weight-allocation';
import { WeightUploader } from './weight-uploader';
import { destroyWeights, type Matrix, type ModelWeights } from './weights';

/** Ends in exactly one of `finish` and `abandon`. */
export class WeightSink {
  readonly #weights: ModelWeights;
  readonly #uploader: WeightUploader;
  /** Vectors are small and come in parts: they go up whole, at the end. */
  readonly #vectors = new Map<GpuBuffer, Float32Array<ArrayBuffer>>();

  private constructor(weights: ModelWeights, uploader: WeightUploader) {
    this.#weights = weights;
    this.#uploader = uploader;
  }

  /** Allocates all weights. @throws EngineError `gpu-memory`, `limit-too-small`; nothing is left allocated then */
  static async create(
    device: Device,
    config: ModelConfig,
    format: WeightFormat,
    maxBindingBytes: number,
  ): Promise<WeightSink> {
    const weights = await allocateWeights(device, config, format, maxBindingBytes);
    try {
      return new WeightSink(weights, await WeightUploader.create(device));
    } catch (error) {
      destroyWeights(weights);
      throw error;
    }
  }

  /**
   * Places rows of a tensor, `[run.numRows, numColumns]` of `type` (one column for a vector), of at most `maxPieceBytes`
   * in any form. Has read `bytes` when it returns.
   * @returns whether the matrix's format can hold the values, which are finite
   */
  write(
    target: Target,
    run: RowRun,
    numColumns: number,
    type: LoadableType,
    bytes: Uint8Array<ArrayBuffer>,
  ): boolean {
    const group = target.layerIndex === undefined ? this.#weights : this.#weights.layers[target.layerIndex]!;
    const part: unknown = group[target.part as keyof typeof group];
    if (target.kind === 'vector') {
      this.#writeElements(part as GpuBuffer, run, widenElements(type, bytes));
      return true;
    }
    const matrix = part as Matrix;
    const { format } = matrix;
    const rows = encodeElements(type, format, bytes, run.numRows, numColumns);
    // What files have in f16, quantised weights can hold too.
    if (format !== 'f32' && type !== 'F16' && !areFinite('F16', rows.scales ?? rows.values)) return false;
    this.#uploader.writeRows(matrix, run, rows);
    return true;
  }

  /** To be awaited between writes: waits while too much is under way. @throws EngineError `device-lost`, `gpu-memory` */
  breathe(): Promise<void> {
    return this.#uploader.breathe();
  }

  /**
   * Waits for the last byte and hands the weights over.
   * @throws EngineError `device-lost`, `gpu-memory`; the signal's reason: `abandon` is then still to be called
   */
  async finish(signal?: AbortSignal): Promise<ModelWeights> {
    for (const [buffer, values] of this.#vectors) this.#uploader.writeVector(buffer, values);
    await this.#uploader.settle();
    signal?.throwIfAborted();
    this.#uploader.destroy();
    return this.#weights;
  }

  /** Frees everything. */
  abandon(): void {
    this.#uploader.destroy();
    destroyWeights(this.#weights);
  }

  #writeElements(
    buffer: GpuBuffer,
    { numRows, firstTargetRow, rowStep }: RowRun,
    values: Float32Array,
  ): void {
    let vector = this.#vectors.get(buffer);
    if (!vector) {
      vector = new Float32Array(buffer.sizeBytes / 4);
      this.#vectors.set(buffer, vector);
    }
    for (let i = 0; i < numRows; i++) vector[firstTargetRow + i * rowStep] = values[i]!;
  }
}
