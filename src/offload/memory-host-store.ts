/** Pages in the tab's memory: arenas of `ArrayBuffer`s, in blocks of one logical page, all layers and heads. */
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';
import type { HostStore, HostStoreShape, PageId } from './host-store';

/**
 * Bytes of an arena, unless one block is larger: few allocations, and each over soon. A new one is filled with zeros while decode steps
 * wait, which takes half a millisecond a megabyte.
 */
const arenaBytes = 4 * 2 ** 20;

/** One block: where it lies and which of its pages are written. */
interface Block {
  readonly arena: number;
  readonly offset: number;
  /** `[layers · kvHeads]` */
  readonly written: Uint8Array;
}

/** Holds up to `limitBytes` of pages. */
export class MemoryHostStore implements HostStore {
  readonly shape: HostStoreShape;
  readonly diskBytes = 0;
  #limitBytes: number;
  readonly #blockBytes: number;
  readonly #blocksPerArena: number;
  readonly #arenas: Uint8Array[] = [];
  /** Of all arenas: asked for at every write, when a long context has a thousand of them. */
  #hostBytes = 0;
  readonly #free: { readonly arena: number; readonly offset: number }[] = [];
  readonly #blocks = new Map<PageId, Block>();

  constructor(shape: HostStoreShape, limitBytes: number) {
    this.shape = shape;
    this.#limitBytes = limitBytes;
    this.#blockBytes = shape.numLayers * shape.numKvHeads * shape.pageBytes;
    this.#blocksPerArena = Math.max(1, Math.floor(arenaBytes / this.#blockBytes));
  }

  get hostBytes(): number {
    return this.#hostBytes;
  }

  /** The pages that are here, in the order in which they came. */
  get ids(): Iterable<PageId> {
    return this.#blocks.keys();
  }

  /** Logical pages that have their room already, whatever the tab grants from now on. */
  get numFreePages(): number {
    return this.#free.length;
  }

  /** Logical pages that may still be added, as far as the limit goes. */
  get numRoomPages(): number {
    return this.#free.length + Math.floor((this.#limitBytes - this.hostBytes) / this.#blockBytes);
  }

  write(layer: number, kvHead: number, ids: readonly PageId[], bytes: Uint8Array): void {
    const { pageBytes } = this.shape;
    assert(bytes.byteLength === ids.length * pageBytes, `${bytes.byteLength} bytes for ${ids.length} pages`);
    this.#reserve(ids.filter((id) => !this.#blocks.has(id)).length);
    ids.forEach((id, i) => {
      const block = this.#blocks.get(id) ?? this.#add(id);
      const index = this.#index(layer, kvHead);
      block.written[index] = 1;
      const page = bytes.subarray(i * pageBytes, (i + 1) * pageBytes);
      this.#arenas[block.arena]!.set(page, block.offset + index * pageBytes);
    });
  }

  read(layer: number, kvHead: number, ids: readonly PageId[], target: Uint8Array): void {
    const { pageBytes } = this.shape;
    assert(
      target.byteLength === ids.length * pageBytes,
      `${target.byteLength} bytes for ${ids.length} pages`,
    );
    const index = this.#index(layer, kvHead);
    ids.forEach((id, i) => {
      const block = this.#blocks.get(id);
      assert(block?.written[index], `page ${id} of layer ${layer}, head ${kvHead} is not on the host`);
      const start = block.offset + index * pageBytes;
      target.set(this.#arenas[block.arena]!.subarray(start, start + pageBytes), i * pageBytes);
    });
  }

  has(layer: number, kvHead: number, id: PageId): boolean {
    return this.#blocks.get(id)?.written[this.#index(layer, kvHead)] === 1;
  }

  isInMemory(layer: number, kvHead: number, id: PageId): boolean {
    return this.has(layer, kvHead, id);
  }

  drop(ids: Iterable<PageId>): void {
    for (const id of ids) {
      const block = this.#blocks.get(id);
      if (!block) continue;
      this.#blocks.delete(id);
      this.#free.push({ arena: block.arena, offset: block.offset });
    }
  }

  close(): void {
    this.#blocks.clear();
    this.#free.length = 0;
    this.#arenas.length = 0;
    this.#hostBytes = 0;
  }

  #index(layer: number, kvHead: number): number {
    return layer * this.shape.numKvHeads + kvHead;
  }

  /** Makes sure of room for `numBlocks` more blocks before any is taken: a failed write leaves nothing behind. */
  #reserve(numBlocks: number): void {
    const neededBytes = this.hostBytes + (numBlocks - this.#free.length) * this.#blockBytes;
    if (neededBytes > this.#limitBytes) {
      throw new EngineError(
        'host-memory',
        `The pages outside the GPU need ${neededBytes} bytes; kv.hostBytes is ${this.#limitBytes}.`,
      );
    }
    while (this.#free.length < numBlocks) this.#addArena();
  }

  #addArena(): void {
    const numBlocks = Math.min(this.#blocksPerArena, this.numRoomPages - this.#free.length);
    const bytes = this.#allocate(numBlocks * this.#blockBytes);
    const arena = this.#arenas.push(bytes) - 1;
    this.#hostBytes += bytes.byteLength;
    for (let block = numBlocks - 1; block >= 0; block--) {
      this.#free.push({ arena, offset: block * this.#blockBytes });
    }
  }

  #allocate(sizeBytes: number): Uint8Array {
    try {
      return new Uint8Array(sizeBytes);
    } catch (cause) {
      // What the tab refuses once it will hardly grant later: from now on this is the limit.
      this.#limitBytes = this.hostBytes;
      throw new EngineError('host-memory', `This tab could not allocate ${sizeBytes} bytes for pages.`, {
        cause,
      });
    }
  }

  #add(id: PageId): Block {
    const { numLayers, numKvHeads } = this.shape;
    const block = { ...this.#free.pop()!, written: new Uint8Array(numLayers * numKvHeads) };
    this.#blocks.set(id, block);
    return block;
  }
}
