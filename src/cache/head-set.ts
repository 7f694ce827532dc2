/** A set of KV heads of a model, such as the unstable ones. */

/** A set of KV heads of a model. */
export class HeadSet {
  readonly numLayers: number;
  readonly numKvHeads: number;
  readonly #members: Uint8Array;

  /** @param heads indices `layer · numKvHeads + kvHead` */
  constructor(numLayers: number, numKvHeads: number, heads: Iterable<number>) {
    this.numLayers = numLayers;
    this.numKvHeads = numKvHeads;
    this.#members = new Uint8Array(numLayers * numKvHeads);
    for (const head of heads) this.#members[head] = 1;
  }

  has(layer: number, kvHead: number): boolean {
    return this.#members[layer * this.numKvHeads + kvHead] === 1;
  }

  /** KV heads of one layer that are in the set, ascending. */
  ofLayer(layer: number): number[] {
    return Array.from({ length: this.numKvHeads }, (_, kvHead) => kvHead).filter((kvHead) =>
      this.has(layer, kvHead),
    );
  }

  /** All heads of a model. */
  static all(numLayers: number, numKvHeads: number): HeadSet {
    return new HeadSet(
      numLayers,
      numKvHeads,
      Array.from({ length: numLayers * numKvHeads }, (_, head) => head),
    );
  }

  /** Members of one layer. */
  count(layer: number): number {
    return this.ofLayer(layer).length;
  }

  /** Whether both have the same members, of a model of the same shape. */
  equals(other: HeadSet): boolean {
    return this.#members.every((member, head) => member === other.#members[head]);
  }

  get size(): number {
    return this.#members.reduce((sum, member) => sum + member, 0);
  }
}
