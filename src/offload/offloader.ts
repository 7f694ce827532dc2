/**
 * Brings full pages from the GPU to the host, once each: copies into a ring of mappable buffers, read while later work runs.
 * Whoever needs a page on the host waits for `settled`.
 */
import type { PageId } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import { readbackBytes, ReadbackRing, type ReadbackSlot } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import { asError } from '../util/errors';
import type { HostStore } from './host-store';
import { isHostError } from './host-error';

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
interface PageOwner {
  retainPage(id: PageId): void;
  releasePage(id: PageId): void;
}

/** A slot that the recording fills. */
interface OpenSlot {
  readonly slot: ReadbackSlot;
  readonly runs: PageRun[];
  readonly usedBytes: number;
}

/**
 * Buffers in the ring: one being filled, one being read, one to spare, and one that prefills leave to decode steps. A slow disk
 * holds up as many, no more.
 */
export const numOffloadSlots = 4;

/** GPU bytes of an offloader. */
export function offloaderBytes(slotBytes: number): number {
  return readbackBytes(numOffloadSlots, slotBytes);
}

/** Owns the ring; pages go to `store`. */
export class Offloader {
  readonly slotBytes: number;
  readonly #ring: ReadbackRing;
  readonly store: HostStore;
  readonly #owner: PageOwner;
  /** What is recorded or under way, with the logical pages that it brings. */
  readonly #underWay = new Map<Promise<void>, ReadonlySet<PageId>>();
  /** The copies that are recorded and not submitted. */
  #open: OpenSlot | undefined;
  #waiting: (() => void)[] = [];
  #failure: Error | undefined;
  #numTimesFreed = 0;
  /** Called when no tier has room: drops pages that nobody needs now, or returns false when there are none. */
  onFull: () => boolean = () => false;
  /** Called with logical pages that could not be stored, for `host-memory` or `storage-quota`. */
  onLost: (ids: ReadonlySet<PageId>, error: Error) => void = (_, error) => void (this.#failure ??= error);

  constructor(device: Device, store: HostStore, owner: PageOwner, slotBytes: number) {
    this.slotBytes = slotBytes;
    this.#ring = new ReadbackRing(device, numOffloadSlots, slotBytes, 'offload');
    this.store = store;
    this.#owner = owner;
  }

  get hasFreeSlot(): boolean {
    return this.#numFree > 0;
  }

  /**
   * Whether a prefill may record a copy of `sizeBytes`, beside those that are recorded already or in a slot of its own: the
   * last slot is for decode steps, which must not wait for a prefill's pages.
   */
  hasRoomForPrefill(sizeBytes: number): boolean {
    return this.#hasRoom(sizeBytes) || this.#numFree > 1;
  }

  /** Resolves when one of the copies that are recorded or under way has arrived; there must be such. */
  slotFreed(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Resolves when the copies submitted so far are stored or lost: all of them, or those that bring one of `ids`.
   * @throws EngineError `device-lost`
   */
  async settled(ids?: readonly PageId[]): Promise<void> {
    const isWanted = ([, pages]: readonly [Promise<void>, ReadonlySet<PageId>]) =>
      !ids || ids.some((id) => pages.has(id));
    await Promise.all([...this.#underWay].filter(isWanted).map(([arrival]) => arrival));
    if (this.#failure) throw this.#failure;
  }

  /**
   * Records the copies of runs of `sizeBytes` together, at most `slotBytes`; they share a slot with those that are recorded and not
   * submitted, or there must be a free one. Runs that lie one behind the other in a buffer are one copy.
   */
  record(recorder: Recorder, runs: readonly PageRun[], sizeBytes: number): void {
    // What fills a slot is on its way while the rest is recorded.
    if (this.#open && !this.#hasRoom(sizeBytes)) recorder.submit();
    const open = this.#open ?? { slot: this.#ring.acquire(), runs: [], usedBytes: 0 };
    let at = open.usedBytes;
    for (const { source, offsetBytes, sizeBytes: copyBytes } of this.#copiesOf(runs)) {
      recorder.copy(source, offsetBytes, open.slot.buffer, at, copyBytes);
      at += copyBytes;
    }
    for (const { ids } of runs) for (const id of ids) this.#owner.retainPage(id);
    open.runs.push(...runs);
    const isNew = !this.#open;
    this.#open = { ...open, usedBytes: at };
    if (isNew) this.#readOnceSubmitted(recorder);
  }

  #copiesOf(runs: readonly PageRun[]): BufferPart[] {
    const copies: BufferPart[] = [];
    for (const { source, offsetBytes, ids } of runs) {
      const sizeBytes = ids.length * this.store.shape.pageBytes;
      const last = copies.at(-1);
      if (last?.source === source && last.offsetBytes + last.sizeBytes === offsetBytes) {
        copies[copies.length - 1] = { ...last, sizeBytes: last.sizeBytes + sizeBytes };
      } else copies.push({ source, offsetBytes, sizeBytes });
    }
    return copies;
  }

  #readOnceSubmitted(recorder: Recorder): void {
    recorder.onSubmit(() => {
      const { slot, runs, usedBytes: sizeBytes } = this.#open!;
      this.#open = undefined;
      const arrival = slot.read(sizeBytes).then(
        (bytes) => this.#receive(runs, new Uint8Array(bytes)),
        (error: unknown) => {
          this.#failure ??= asError(error);
          this.#releaseIds(runs);
        },
      );
      this.#track(arrival, new Set(runs.flatMap(({ ids }) => ids)));
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
    this.#track(arrival, new Set());
    return new Uint8Array(await read);
  }

  destroy(): void {
    this.#ring.destroy();
  }

  /** Whether what is recorded and not submitted has room for more in its slot. */
  #hasRoom(sizeBytes: number): boolean {
    return this.#open !== undefined && this.#open.usedBytes + sizeBytes <= this.slotBytes;
  }

  get #numFree(): number {
    return Math.min(this.#ring.numFree, numOffloadSlots - this.#underWay.size);
  }

  /** Whoever waits for a slot looks again when this has arrived. */
  #track(arrival: Promise<void>, pages: ReadonlySet<PageId>): void {
    this.#underWay.set(arrival, pages);
    void arrival.then(() => {
      this.#underWay.delete(arrival);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  async #receive(runs: readonly PageRun[], bytes: Uint8Array): Promise<void> {
    const { pageBytes } = this.store.shape;
    let at = 0;
    const parts = runs.map((run) => {
      const start = at;
      at += run.ids.length * pageBytes;
      return { run, bytes: bytes.subarray(start, at) };
    });
    try {
      await this.#write(parts);
    } catch (error) {
      if (!isHostError(error)) this.#failure ??= asError(error);
      else this.onLost(new Set(runs.flatMap(({ ids }) => ids)), error);
    } finally {
      this.#releaseIds(runs);
    }
  }

  /** Writes all runs at once, because a disk is faster so; those that found no room again, as long as room can be made. */
  async #write(parts: readonly { readonly run: PageRun; readonly bytes: Uint8Array }[]): Promise<void> {
    const numTimesFreed = this.#numTimesFreed;
    const results = await Promise.allSettled(
      parts.map(async ({ run, bytes }) => {
        await this.store.write(run.layer, run.kvHead, run.ids, bytes);
      }),
    );
    const refused = results.flatMap((result, i) =>
      result.status === 'rejected' ? [{ part: parts[i]!, reason: result.reason as unknown }] : [],
    );
    if (refused.length === 0) return;
    const other = refused.find(({ reason }) => !isHostError(reason));
    if (other) throw other.reason;
    // Others may have made room since these were refused.
    if (numTimesFreed === this.#numTimesFreed) {
      if (!this.onFull()) throw refused[0]!.reason;
      this.#numTimesFreed++;
    }
    await this.#write(refused.map(({ part }) => part));
  }

  #releaseIds(runs: readonly PageRun[]): void {
    for (const { ids } of runs) for (const id of ids) this.#owner.releasePage(id);
  }
}
