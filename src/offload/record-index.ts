/** Which record holds which page of which list, and which records nobody needs any more: pure bookkeeping. */
import type { PageId } from './host-store';

/** Pages of one record: positions are kept in a byte each. */
export const maxRecordPages = 256;

/** A page that was written or is about to be; dropping it makes this object worthless, whatever still refers to it. */
export interface IndexedPage {
  readonly id: PageId;
  /** `[list]`, the record of that list's part; 0 is none. */
  readonly records: Uint32Array;
  /** `[list]`, the part's position in its record. */
  readonly positions: Uint8Array;
}

/** Where a part lies. */
export interface Place {
  readonly record: number;
  readonly position: number;
}

/** Knows the records of pages, each a run of pages of one list; record numbers begin at 1. */
export class RecordIndex {
  readonly #numLists: number;
  readonly #pages = new Map<PageId, IndexedPage>();
  /** How many parts of a record are still needed. */
  readonly #numLive = new Map<number, number>();
  readonly #dead: number[] = [];

  constructor(numLists: number) {
    this.#numLists = numLists;
  }

  /** Whether records wait to be deleted. */
  get hasDead(): boolean {
    return this.#dead.length > 0;
  }

  /** The pages of these ids, new ones where they are unknown: to be held from the call of a write until it is stored. */
  claim(ids: readonly PageId[]): IndexedPage[] {
    return ids.map((id) => {
      const known = this.#pages.get(id);
      if (known) return known;
      const page = {
        id,
        records: new Uint32Array(this.#numLists),
        positions: new Uint8Array(this.#numLists),
      };
      this.#pages.set(id, page);
      return page;
    });
  }

  /** Says that `record` now holds these pages of `list`, in this order; those dropped since their claim do not count. */
  place(record: number, list: number, pages: readonly IndexedPage[]): void {
    this.#numLive.set(record, 0);
    pages.forEach((page, position) => {
      if (this.#pages.get(page.id) !== page) return;
      this.#release(page.records[list]!);
      page.records[list] = record;
      page.positions[list] = position;
      this.#numLive.set(record, this.#numLive.get(record)! + 1);
    });
    if (this.#numLive.get(record) === 0) this.#bury(record);
  }

  /** Where a page's part of `list` lies, or undefined when it is not stored. */
  find(list: number, id: PageId): Place | undefined {
    const page = this.#pages.get(id);
    const record = page?.records[list] ?? 0;
    return page && record > 0 ? { record, position: page.positions[list]! } : undefined;
  }

  /** Forgets pages; records without any needed part become dead. */
  drop(ids: Iterable<PageId>): void {
    for (const id of ids) {
      this.#pages.get(id)?.records.forEach((record) => this.#release(record));
      this.#pages.delete(id);
    }
  }

  /** The records to delete, ascending; they are the caller's now. */
  takeDead(): number[] {
    return this.#dead.splice(0).sort((a, b) => a - b);
  }

  /** Takes records back that could not be deleted. */
  returnDead(records: readonly number[]): void {
    this.#dead.push(...records);
  }

  /** Forgets everything. */
  clear(): void {
    this.#pages.clear();
    this.#numLive.clear();
    this.#dead.length = 0;
  }

  #release(record: number): void {
    if (record === 0) return;
    const numLive = this.#numLive.get(record)! - 1;
    this.#numLive.set(record, numLive);
    if (numLive === 0) this.#bury(record);
  }

  #bury(record: number): void {
    this.#numLive.delete(record);
    this.#dead.push(record);
  }
}
