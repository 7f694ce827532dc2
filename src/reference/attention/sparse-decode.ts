/** CPU twin of attention/sparse-decode followed by attention/merge-splits: splits change nothing but rounding. */
import { loadKv, type KvWords } from '../cache/kv-data';
import { loadPacked } from '../cache/pack-pages';
import { attend, type KeyValue } from './attend';

/** One slab of a layer with its page lists. */
export interface SparseDecodeInput {
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  readonly firstKvHead: number;
  readonly numKvHeads: number;
  readonly qkv: Float32Array;
  readonly qkvStride: number;
  /** `[rows, 4]`: sequence, position. */
  readonly rows: Uint32Array;
  readonly pool: KvWords;
  /** The pool's pages have 8 bits an element. */
  readonly isPacked?: boolean;
  readonly blockTable: Uint32Array;
  readonly tableOffset: number;
  readonly maxPages: number;
  /** (count, tailStart) a list. */
  readonly listState: Uint32Array;
  readonly lists: Uint32Array;
  readonly listOffset: number;
  readonly listCapacity: number;
  readonly window: number;
  readonly scale: number;
  /** 0 or missing: none. */
  readonly softCap?: number;
}

/** A key that a (row, KV head) sees: its page and position, and where its slot's page has key and value. */
interface SeenKey extends KeyValue {
  readonly page: number;
  readonly position: number;
}

/** Reads one stored element of the pool. */
export function loaderOf(input: SparseDecodeInput): (index: number) => number {
  const { headDim, pool } = input;
  if (!input.isPacked) return (index) => loadKv(pool, index);
  const packed = { words: pool as Uint32Array, headDim };
  return (index) => {
    const row = Math.floor(index / headDim);
    return loadPacked(packed, row >> 5, row & 31, index % headDim);
  };
}

/** The keys of the row's page list, in its order. */
export function seenKeys(input: SparseDecodeInput, row: number, kvHead: number): SeenKey[] {
  const { headDim, kvHeads, rows, window } = input;
  const [sequence, position] = [rows[4 * row]!, rows[4 * row + 1]!];
  const list = input.listOffset + sequence * kvHeads + kvHead;
  const [count, tailStart] = [input.listState[2 * list]!, input.listState[2 * list + 1]!];
  const start = list * input.listCapacity;
  const pages = Array.from(input.lists.subarray(start, start + count));
  for (let page = tailStart; page <= position >> 4; page++) pages.push(page);
  const keys: SeenKey[] = [];
  for (const page of pages) {
    const slot = input.blockTable[input.tableOffset + (sequence * kvHeads + kvHead) * input.maxPages + page]!;
    for (let token = 0; token < 16; token++) {
      const at = page * 16 + token;
      if (at > position || (window > 0 && at + window <= position)) continue;
      const [key, value] = [(slot * 32 + token) * headDim, (slot * 32 + 16 + token) * headDim];
      keys.push({ page, position: at, key, value });
    }
  }
  return keys;
}

/** `attended [rows, heads · headDim]`; heads of other slabs keep what `attended` holds. */
export function sparseDecode(input: SparseDecodeInput, attended: Float32Array): void {
  const { headDim, group, kvHeads, rows } = input;
  const load = loaderOf(input);
  for (let row = 0; row < rows.length / 4; row++) {
    for (let local = 0; local < input.numKvHeads; local++) {
      const kvHead = input.firstKvHead + local;
      const keys = seenKeys(input, row, kvHead);
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const start = row * input.qkvStride + head * headDim;
        const query = input.qkv.subarray(start, start + headDim);
        attended.set(attend(query, keys, load, input), (row * kvHeads * group + head) * headDim);
      }
    }
  }
}
