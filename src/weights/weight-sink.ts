/** Takes the rows of a model's tensors in any order and ends up as the model's weights on the GPU. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import {
  decodeRows,
  encodeRows,
  widenRows,
  type EncodedRows,
  type MatrixFormat,
  type WeightFormat,
} from '../kernels/linear/weight-format';
import { assert } from '../util/assert';
import { areFinite, encodeElements, widenElements } from './elements';
import type * as ggmlRows from './ggml-rows';
import type { MatrixFormats } from './matrix-formats';
import type { ModelConfig } from '../config/model-config';
import type { GgmlType } from '../source/gguf/ggml-types';
import { isFloatType } from './safetensors';
import type { RowRun, Target } from './tensor-plan';
import { allocateWeights } from './weight-allocation';
import { slabAt, WeightUploader } from './weight-uploader';
import { destroyWeights, type Matrix, type ModelWeights } from './weights';

/** What reads quantised rows of GGUF files: a part of its own, for loads of such files. */
type GgmlRows = typeof ggmlRows;

/** How a sink is made. */
interface WeightSinkOptions {
  readonly formats: MatrixFormats;
  readonly maxBindingBytes: number;
  /** Where the files are GGUF. */
  readonly ggml?: GgmlRows | undefined;
}

/** Ends in exactly one of `finish` and `abandon`. */
export class WeightSink {
  readonly #weights: ModelWeights;
  readonly #uploader: WeightUploader;
  readonly #ggml: GgmlRows | undefined;
  /** Vectors are small and come in parts: they go up whole, at the end. */
  readonly #vectors = new Map<GpuBuffer, Float32Array<ArrayBuffer>>();

  private constructor(weights: ModelWeights, uploader: WeightUploader, ggml: GgmlRows | undefined) {
    this.#weights = weights;
    this.#uploader = uploader;
    this.#ggml = ggml;
  }

  /** Allocates all weights. @throws EngineError `gpu-memory`, `limit-too-small`; nothing is left allocated then */
  static async create(
    device: Device,
    config: ModelConfig,
    { formats, maxBindingBytes, ggml }: WeightSinkOptions,
  ): Promise<WeightSink> {
    const weights = await allocateWeights(device, config, formats, maxBindingBytes);
    try {
      return new WeightSink(weights, await WeightUploader.create(device), ggml);
    } catch (error) {
      destroyWeights(weights);
      throw error;
    }
  }

  /**
   * Places rows of a tensor, `[run.numRows, numColumns]` of `type` (one column for a vector), of at most `maxPieceBytes`
   * in any form. Has read `bytes` when it returns.
   * @returns why the values cannot be had: some are infinite or no numbers, or too large for the matrix's format
   */
  write(
    target: Target,
    run: RowRun,
    numColumns: number,
    type: GgmlType,
    bytes: Uint8Array<ArrayBuffer>,
  ): 'infinite' | 'too-large' | undefined {
    const { numRows } = run;
    const quant = isFloatType(type) ? undefined : this.#quantOf(type);
    const packed = quant?.repack(bytes, numRows, numColumns);
    if (isFloatType(type) ? !areFinite(type, bytes) : !packed) return 'infinite';
    const group = target.layerIndex === undefined ? this.#weights : this.#weights.layers[target.layerIndex]!;
    const part: unknown = group[target.part as keyof typeof group];
    const widen = () =>
      isFloatType(type)
        ? widenElements(type, bytes)
        : decodeRows(quant!.format, packed!, numRows, numColumns);
    if (target.kind === 'vector') {
      const { offset = 0, scale = 1 } = target;
      const values = widen();
      const isChanged = offset !== 0 || scale !== 1;
      this.#writeElements(
        part as GpuBuffer,
        run,
        isChanged ? values.map((value) => (value + offset) * scale) : values,
      );
      return undefined;
    }
    const matrix = part as Matrix;
    const { format } = slabAt(matrix, run.firstTargetRow);
    let rows: EncodedRows;
    if (packed && format === quant!.format) rows = packed;
    else if (packed && format === 'q8-f32-16') rows = widenRows(quant!.format, packed, numRows, numColumns);
    else {
      rows = isFloatType(type)
        ? encodeElements(type, asked(format), bytes, numColumns)
        : encodeRows(asked(format), widen(), numRows, numColumns);
      // What files have in f16, quantised weights can hold too.
      if (format !== 'f32' && type !== 'F16' && !areFinite('F16', rows.scales ?? rows.values))
        return 'too-large';
    }
    this.#uploader.writeRows(matrix, run, rows);
    return undefined;
  }

  /** The format of the rows of a run of a matrix. */
  formatOf(target: Target, { firstTargetRow }: RowRun): MatrixFormat {
    return slabAt(this.#matrix(target), firstTargetRow).format;
  }

  /** Places values or scales of rows as the matrix's format has them. */
  writeEncoded(target: Target, run: RowRun, rows: Partial<EncodedRows>): void {
    this.#uploader.writeRows(this.#matrix(target), run, rows);
  }

  #matrix({ layerIndex, part }: Target): Matrix {
    const group = layerIndex === undefined ? this.#weights : this.#weights.layers[layerIndex]!;
    return group[part as keyof typeof group];
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

  /** How rows of a quantised type are repacked, and the format that they have then. */
  #quantOf(type: ggmlRows.GgmlQuant) {
    assert(this.#ggml, `rows of ${type} without what reads them`);
    const { ggmlFormats, repackRows } = this.#ggml;
    return {
      format: ggmlFormats[type],
      repack: (bytes: Uint8Array, numRows: number, columns: number) =>
        repackRows(type, bytes, numRows, columns),
    };
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

/** A format that weights are converted to. */
function asked(format: MatrixFormat): WeightFormat {
  assert(
    format === 'f32' || format === 'f16' || format === 'q8' || format === 'q4',
    'only files bring other formats',
  );
  return format;
}
