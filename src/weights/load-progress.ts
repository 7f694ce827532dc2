/** Counts the bytes of a load over all its weight files. */
import type { OpenedFile } from '../source/model-source';
import type { TensorHeader } from './safetensors';
import type { ShardReader } from './shard-reader';
import type { TensorPlan } from './tensor-plan';

/** How far a load has come. */
export interface LoadProgress {
  /**
   * `download`: files of a model that is loaded by name come into the browser's storage. `weights` are read, while kernels are compiled
   * and tested; then what of that is left: `self-test`, the kernels are compared with plain arithmetic, and `kernels`, those of this
   * model are compiled; `ready` is the last.
   */
  readonly phase: 'download' | 'weights' | 'self-test' | 'kernels' | 'ready';
  /** Bytes of weight files read so far; of all files that were downloaded. */
  readonly loadedBytes: number;
  /** Bytes of all these files; of a sharded model an estimate until the last shard is open. */
  readonly totalBytes: number;
}

/** A file of weights with the planned tensors that it must have. */
export interface WeightFile {
  readonly name: string;
  readonly tensors: readonly string[];
  /** Its tensors, where they are known before it is opened. */
  readonly headers?: readonly TensorHeader[];
  /** Bytes before the first tensor, where they have been read. */
  readonly dataBytes?: number;
  /** Where finding the file has opened it already. */
  readonly opened?: OpenedFile;
}

/** Least bytes between two reports. */
const reportStepBytes = 2 ** 20;

/** Keeps count of bytes over all files. */
export class ProgressCount {
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  readonly #plan: TensorPlan;
  #remaining: readonly WeightFile[];
  #reader: ShardReader | undefined;
  #doneBytes = 0;
  #totalBytes = 0;
  #reportedBytes = 0;

  constructor(
    files: readonly WeightFile[],
    plan: TensorPlan,
    onProgress: ((progress: LoadProgress) => void) | undefined,
  ) {
    this.#remaining = files;
    this.#plan = plan;
    this.#onProgress = onProgress;
  }

  /** A file's header has been read: its size is known, and that of later ones can be guessed. */
  begin(file: WeightFile, reader: ShardReader, headers: readonly TensorHeader[]): void {
    this.#reader = reader;
    this.#remaining = this.#remaining.filter((other) => other !== file);
    const dataBytes = headers.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
    const numElements = (names: readonly string[]) =>
      names.reduce((total, name) => total + this.#plan.get(name)!.shape.reduce((size, n) => size * n, 1), 0);
    const bytesPerElement = dataBytes / numElements(file.tensors);
    const later = this.#remaining.reduce((total, { tensors }) => total + numElements(tensors), 0);
    this.#totalBytes =
      this.#doneBytes + reader.positionBytes + dataBytes + Math.round(later * bytesPerElement);
    this.#send();
  }

  /** To be called often: reports every so many bytes. */
  report(): void {
    const loadedBytes = this.#doneBytes + this.#reader!.positionBytes;
    if (loadedBytes - this.#reportedBytes >= reportStepBytes) this.#send();
  }

  /** A file has been read to its end. */
  end(reader: ShardReader): void {
    this.#send();
    this.#doneBytes += reader.positionBytes;
  }

  #send(): void {
    this.#reportedBytes = this.#doneBytes + this.#reader!.positionBytes;
    this.#onProgress?.({ phase: 'weights', loadedBytes: this.#reportedBytes, totalBytes: this.#totalBytes });
  }
}
