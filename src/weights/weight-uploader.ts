/** Carries encoded rows and vectors to the GPU without letting much of them wait in memory. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import { KernelCompiler, type Kernel } from '../gpu/kernel';
import { Recorder } from '../gpu/recorder';
import { placeRows, placeRowsGrid } from '../kernels/linear/place-rows';
import { matrixLayout, type EncodedRows } from '../kernels/linear/weight-format';
import type { RowRun } from './tensor-plan';
import type { Matrix, MatrixSlab } from './weights';

/** Largest number of bytes in one buffer of one write. */
export const maxPieceBytes = 4 * 2 ** 20;
/** Bytes that may wait between the host and the GPU. */
const maxBytesInFlight = 16 * 2 ** 20;

/** The slab that has a row. */
export function slabAt({ slabs }: Matrix, row: number): MatrixSlab {
  return slabs.find(({ firstRow, numRows }) => row < firstRow + numRows)!;
}

type PlaceRows = Kernel<keyof (typeof placeRows)['bindings'], keyof (typeof placeRows)['params']>;

/** Used by one load, then destroyed. */
export class WeightUploader {
  readonly #device: Device;
  readonly #recorder: Recorder;
  readonly #kernel: PlaceRows;
  /** Where rows wait that are not to lie side by side. */
  readonly #staging: GpuBuffer;
  #bytesInFlight = 0;

  private constructor(device: Device, recorder: Recorder, kernel: PlaceRows) {
    this.#device = device;
    this.#recorder = recorder;
    this.#kernel = kernel;
    this.#staging = device.buffers.create({
      label: 'weight rows',
      category: 'staging',
      sizeBytes: maxPieceBytes,
    });
  }

  /** Holds about 4 MiB of staging until it is destroyed. */
  static async create(device: Device): Promise<WeightUploader> {
    const compiler = new KernelCompiler(device);
    const kernel = await compiler.compile(placeRows);
    return new WeightUploader(
      device,
      new Recorder(compiler, { maxDispatches: 4, maxListBytes: 256 }),
      kernel,
    );
  }

  /** Writes rows of one format, encoded, of at most `maxPieceBytes`, cutting at slab borders. Has read `rows` when it returns. */
  writeRows(matrix: Matrix, { numRows, firstTargetRow, rowStep }: RowRun, rows: Partial<EncodedRows>): void {
    for (let done = 0; done < numRows;) {
      const target = firstTargetRow + done * rowStep;
      const slab = slabAt(matrix, target);
      const { valueBytesPerRow, scaleBytesPerRow } = matrixLayout(slab.format, matrix.numColumns);
      const count = Math.min(numRows - done, Math.ceil((slab.firstRow + slab.numRows - target) / rowStep));
      const run: RowRun = { numRows: count, firstTargetRow: target - slab.firstRow, rowStep };
      const write = (part: 'values' | 'scales', rowBytes: number) => {
        const bytes = rows[part]?.subarray(done * rowBytes, (done + count) * rowBytes);
        if (bytes) this.#writeRun(slab[part]!, bytes, rowBytes, run);
      };
      write('values', valueBytesPerRow);
      if (scaleBytesPerRow > 0) write('scales', scaleBytesPerRow);
      done += count;
    }
  }

  /** Writes a whole vector. */
  writeVector(buffer: GpuBuffer, values: Float32Array<ArrayBuffer>): void {
    this.#device.write(buffer, 0, values);
    this.#bytesInFlight += values.byteLength;
  }

  /** Waits where too much is under way. @throws EngineError `device-lost`, `gpu-memory` */
  async breathe(): Promise<void> {
    if (this.#bytesInFlight >= maxBytesInFlight) await this.settle();
  }

  /** Waits until everything written has arrived. @throws EngineError `device-lost`, `gpu-memory` */
  async settle(): Promise<void> {
    const { queue } = this.#device.handle;
    // Some implementations start pending writes at a submission only.
    queue.submit([]);
    try {
      await queue.onSubmittedWorkDone();
    } finally {
      // Why the wait failed, where it did, is what the device keeps.
      this.#device.throwIfFailed();
    }
    this.#bytesInFlight = 0;
  }

  destroy(): void {
    this.#recorder.destroy();
    this.#staging.destroy();
  }

  #writeRun(target: GpuBuffer, bytes: Uint8Array<ArrayBuffer>, rowBytes: number, run: RowRun): void {
    this.#bytesInFlight += bytes.byteLength;
    if (run.rowStep === 1) {
      this.#device.write(target, run.firstTargetRow * rowBytes, bytes);
      return;
    }
    this.#device.write(this.#staging, 0, bytes);
    const bound = this.#kernel.bind({ source: this.#staging, result: target });
    const params = { ...run, rowWords: rowBytes / 4 };
    this.#recorder.dispatch(bound, params, placeRowsGrid(bytes.byteLength / 4));
    this.#recorder.submit();
  }
}
