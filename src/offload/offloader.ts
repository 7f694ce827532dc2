/**
 * Brings full pages from the GPU to the host, once each: copies into a ring of mappable buffers, read while later work runs.
 * Whoever needs a page on the host waits for `settled`.
 */
import type { PageId } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import { ReadbackRing } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import { asError } from '../util/errors';
import type { HostStore } from './host-store';

/** A run of pages of one KV head, one behind the other in a buffer. */
export interface PageRun {
  readonly layer: number;
  readonly kvHead: number;
  readonly ids: readonly PageId[];
  readonly source: GpuBuffer;
  readonly offsetBytes: number;
}

/** Bytes of a buffer, a multiple of 4 at a multiple of 4. */
export interface BufferPart {
  readonly source: GpuBuffer;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/**
 * A wait for the host, begun by whoever calls it. Called only when everything recorded so far is submitted: a copy that nobody
 * has submitted would never arrive.
 */
export type HostWait = () => Promise<void>;

/** Keeps logical pages alive while their copies are on the way. */
export interface PageOwner {
  retainPage(id: PageId): void;
  releasePage(id: PageId): void;
}

/** Buffers in the ring: one being filled, one being read, one to spare. */
export const numOffloadSlots = 3;

/** Owns the ring; pages go to `store`. */
export class Offloader {
  readonly slotBytes: number;
  readonly #ring: ReadbackRing;
  readonly store: HostStore;
  readonly #owner: PageOwner;
  readonly #underWay = new Set<Promise<void>>();
  #failure: Error | undefined;
  #numOffloaded = 0;

  constructor(device: Device, store: HostStore, owner: PageOwner, slotBytes: number) {
    this.slotBytes = slotBytes;
    this.#ring = new ReadbackRing(device, numOffloadSlots, slotBytes, 'offload');
    this.store = store;
    this.#owner = owner;
  }

  /** Pages of one KV head that have arrived, since load. */
  get numOffloaded(): number {
    return this.#numOffloaded;
  }

  get hasFreeSlot(): boolean {
    return this.#ring.numFree > 0;
  }

  /** Resolves when one of the copies under way has arrived: then there is a free slot. */
  async slotFreed(): Promise<void> {
    if (!this.hasFreeSlot) await Promise.race(this.#underWay);
  }

  /**
   * Resolves when all copies submitted so far have arrived.
   * @throws EngineError `host-memory`, `storage-quota`, `device-lost`: what went wrong with any of them
   */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure) throw this.#failure;
  }

  /** Records the copies of runs of at most `slotBytes` together; there must be a free slot. */
  record(recorder: Recorder, runs: readonly PageRun[]): void {
    const slot = this.#ring.acquire();
    const { pageBytes } = this.store.shape;
    let at = 0;
    for (const { ids, source, offsetBytes } of runs) {
      recorder.copy(source, offsetBytes, slot.buffer, at, ids.length * pageBytes);
      at += ids.length * pageBytes;
      for (const id of ids) this.#owner.retainPage(id);
    }
    const sizeBytes = at;
    recorder.onSubmit(() => {
      const arrival = slot.read(sizeBytes).then(
        (bytes) => this.#receive(runs, new Uint8Array(bytes)),
        (error: unknown) => {
          this.#failure ??= asError(error);
          this.#releaseIds(runs);
        },
      );
      this.#underWay.add(arrival);
      void arrival.then(() => this.#underWay.delete(arrival));
    });
  }

  /**
   * Copies parts of buffers to the host, one behind the other, in the order of what was submitted; `slotBytes` together at most.
   * Waits for a free slot.
   */
  async readBack(recorder: Recorder, parts: readonly BufferPart[]): Promise<Uint8Array<ArrayBuffer>> {
    while (!this.hasFreeSlot) await this.slotFreed();
    const slot = this.#ring.acquire();
    let sizeBytes = 0;
    for (const part of parts) {
      recorder.copy(part.source, part.offsetBytes, slot.buffer, sizeBytes, part.sizeBytes);
      sizeBytes += part.sizeBytes;
    }
    recorder.submit();
    const read = slot.read(sizeBytes);
    const arrival = read.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(arrival);
    void arrival.then(() => this.#underWay.delete(arrival));
    return new Uint8Array(await read);
  }

  destroy(): void {
    this.#ring.destroy();
  }

  async #receive(runs: readonly PageRun[], bytes: Uint8Array): Promise<void> {
    const { pageBytes } = this.store.shape;
    let at = 0;
    try {
      for (const { layer, kvHead, ids } of runs) {
        const sizeBytes = ids.length * pageBytes;
        await this.store.write(layer, kvHead, ids, bytes.subarray(at, at + sizeBytes));
        at += sizeBytes;
        this.#numOffloaded += ids.length;
      }
    } catch (error) {
      this.#failure ??= asError(error);
    } finally {
      this.#releaseIds(runs);
    }
  }

  #releaseIds(runs: readonly PageRun[]): void {
    for (const { ids } of runs) for (const id of ids) this.#owner.releasePage(id);
  }
}
