/** The host's copy of the block table and the changes that the GPU's copy still lacks. */
import { notResident, type PageIndex, type Slot } from './page';

/** Extents of a block table. */
interface BlockTableShape {
  readonly numLayers: number;
  readonly numSequences: number;
  readonly numKvHeads: number;
  readonly maxPages: number;
}

/** `[layers, sequences, kvHeads, maxPages]` u32, last index fastest: the slot of each page or `notResident`. */
export class BlockTable {
  readonly shape: BlockTableShape;
  readonly #slots: Uint32Array;
  /** Latest slot by index: the kernel that writes them has no order among its pairs. */
  readonly #changes = new Map<number, Slot>();

  constructor(shape: BlockTableShape) {
    this.shape = shape;
    this.#slots = new Uint32Array(blockTableLength(shape)).fill(notResident);
  }

  /** Index of the first entry of a layer: what the kernels take as table offset. */
  layerOffset(layer: number): number {
    const { numSequences, numKvHeads, maxPages } = this.shape;
    return layer * numSequences * numKvHeads * maxPages;
  }

  get(layer: number, sequence: number, kvHead: number, page: PageIndex): Slot {
    return this.#slots[this.#index(layer, sequence, kvHead, page)] as Slot;
  }

  set(layer: number, sequence: number, kvHead: number, page: PageIndex, slot: Slot): void {
    const index = this.#index(layer, sequence, kvHead, page);
    this.#slots[index] = slot;
    // A page without a slot is never looked up on the GPU, so only new slots travel.
    if (slot === notResident) this.#changes.delete(index);
    else this.#changes.set(index, slot);
  }

  /** As `set`, for an entry that the GPU has written itself. */
  setKnown(layer: number, sequence: number, kvHead: number, page: PageIndex, slot: Slot): void {
    this.#slots[this.#index(layer, sequence, kvHead, page)] = slot;
  }

  /** Takes the changes since the last call: pairs (index, slot), in order. */
  takeChanges(): Uint32Array {
    const changes = pairsOf(this.#changes);
    this.#changes.clear();
    return changes;
  }

  #index(layer: number, sequence: number, kvHead: number, page: PageIndex): number {
    const { numSequences, numKvHeads, maxPages } = this.shape;
    return ((layer * numSequences + sequence) * numKvHeads + kvHead) * maxPages + page;
  }
}

/** What a table's changes are to the kernel that writes them: pairs (index, value), in order. */
export function pairsOf(changes: ReadonlyMap<number, number>): Uint32Array {
  const pairs = new Uint32Array(2 * changes.size);
  let at = 0;
  for (const [index, value] of changes) {
    pairs[at++] = index;
    pairs[at++] = value;
  }
  return pairs;
}

/** Entries of a table of this shape. */
export function blockTableLength(shape: BlockTableShape): number {
  return shape.numLayers * shape.numSequences * shape.numKvHeads * shape.maxPages;
}
