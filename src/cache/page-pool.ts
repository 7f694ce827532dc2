/** Who owns which slot of a layer's pool, or which logical page: pure bookkeeping with reference counts, no GPU. */
import { assert } from '../util/assert';
import type { Slot } from './page';

/** Slots `[0, numSlots)`; every slot is free or has as many owners as its count says. */
export class PagePool<Index extends number = Slot> {
  readonly numSlots: number;
  readonly #owners: Uint16Array;
  readonly #free: number[] = [];

  constructor(numSlots: number) {
    this.numSlots = numSlots;
    this.#owners = new Uint16Array(numSlots);
    for (let slot = numSlots - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  get numFree(): number {
    return this.#free.length;
  }

  /** Takes a free slot for one owner. The caller has checked `numFree`: admission reserves before work starts. */
  allocate(): Index {
    const slot = this.#free.pop();
    assert(slot !== undefined, 'the page pool has no free slot');
    this.#owners[slot] = 1;
    return slot as Index;
  }

  /** Takes this slot, which must be free, for one owner. */
  claim(slot: Index): void {
    const place = this.#free.indexOf(slot);
    assert(place >= 0, `slot ${slot} is claimed while in use`);
    this.#free.splice(place, 1);
    this.#owners[slot] = 1;
  }

  /** Adds an owner to a slot in use. */
  share(slot: Index): void {
    assert(this.#owners[slot]! > 0, `slot ${slot} is shared while free`);
    this.#owners[slot]!++;
  }

  isShared(slot: Index): boolean {
    return this.#owners[slot]! > 1;
  }

  /** Gives up one ownership; the last one frees the slot. */
  release(slot: Index): void {
    assert(this.#owners[slot]! > 0, `slot ${slot} released while free`);
    if (--this.#owners[slot]! === 0) this.#free.push(slot);
  }

  /** Owners of a slot, 0 when it is free. */
  numOwners(slot: Index): number {
    return this.#owners[slot]!;
  }
}
