/**
 * Where pages are read to on their way to the GPU: pieces of equal size, in buffers that were mapped beforehand, so that what is read
 * there is what the GPU copies from. Where none of those is free pieces are ordinary memory, which is used again.
 */
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { Recorder } from '../gpu/recorder';

/** Bytes of a piece at most, unless one page is larger: little is left over of a few pages, and many take few pieces. */
const mostPieceBytes = 2 ** 20;

/** Pieces of ordinary memory that are kept for later. */
const mostSpares = 32;

/** Bytes of a piece: whole pages. */
export function pieceBytes(pageBytes: number): number {
  return Math.max(1, Math.floor(mostPieceBytes / pageBytes)) * pageBytes;
}

/** A piece that somebody has taken, and owns until it is recorded or given back. */
export interface Piece {
  /** What is read into it: its beginning. Of a mapped buffer they are gone once its copy is recorded. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly numBytes: number;
  /** Present where the bytes are those of a mapped buffer. */
  readonly buffer: GpuBuffer | undefined;
}

/** A buffer while it is mapped. */
interface MappedBuffer {
  readonly buffer: GpuBuffer;
  readonly memory: ArrayBuffer;
}

/** Owns `numMapped` buffers, created once and mapped again after each use. */
export class UploadPieces {
  readonly sizeBytes: number;
  readonly #all: readonly GpuBuffer[];
  readonly #mapped: MappedBuffer[];
  readonly #spares: ArrayBuffer[] = [];

  constructor(device: Device, pageBytes: number, numMapped: number) {
    this.sizeBytes = pieceBytes(pageBytes);
    this.#all = Array.from({ length: numMapped }, () =>
      device.buffers.create({
        label: 'upload',
        category: 'staging',
        sizeBytes: this.sizeBytes,
        usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
        mappedAtCreation: true,
      }),
    );
    this.#mapped = this.#all.map((buffer) => ({ buffer, memory: buffer.handle.getMappedRange() }));
  }

  /** Buffers that are mapped and free. */
  get numFree(): number {
    return this.#mapped.length;
  }

  /** A piece with room for the first `numBytes` of its size. */
  take(numBytes: number): Piece {
    const mapped = this.#mapped.pop();
    const memory = mapped?.memory ?? this.#spares.pop() ?? new ArrayBuffer(this.sizeBytes);
    return { bytes: new Uint8Array(memory, 0, numBytes), numBytes, buffer: mapped?.buffer };
  }

  /** Gives a piece back that nobody reads into any more, and that is not recorded. */
  giveBack({ bytes, buffer }: Piece): void {
    if (buffer) this.#mapped.push({ buffer, memory: bytes.buffer });
    else if (this.#spares.length < mostSpares) this.#spares.push(bytes.buffer);
  }

  /** Records the copy of a mapped piece, which is used up by it. Earlier recorded work may still read `target`. */
  recordCopy(
    recorder: Recorder,
    { numBytes, buffer }: Piece & { readonly buffer: GpuBuffer },
    target: GpuBuffer,
    offsetBytes: number,
  ): void {
    buffer.handle.unmap();
    recorder.copy(buffer, 0, target, offsetBytes, numBytes);
    recorder.onSubmit(() => void this.#mapAgain(buffer));
  }

  destroy(): void {
    this.#mapped.length = 0;
    for (const buffer of this.#all) buffer.destroy();
  }

  /** Never rejects: a buffer that cannot be mapped is gone with its device, which tells of its loss itself. */
  async #mapAgain(buffer: GpuBuffer): Promise<void> {
    const isMapped = await buffer.handle.mapAsync(GPUMapMode.WRITE).then(
      () => true,
      () => false,
    );
    if (isMapped) this.#mapped.push({ buffer, memory: buffer.handle.getMappedRange() });
  }
}
