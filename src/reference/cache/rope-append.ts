/** CPU twins of cache/rope-append and cache/rope-append-tile: they change the arrays that they are given. */
import { roundToF16 } from '../../util/f16';
import { loadKv, storeKv, type KvWords } from './kv-data';
import { packKeys, packValue } from './pack-pages';
import { ropeHead, type HeadTransform } from './rope-head';

interface Heads extends HeadTransform {
  readonly group: number;
  readonly kvHeads: number;
  readonly qkvStride: number;
  /** `[rows, qkvStride]`. */
  readonly qkv: Float32Array;
}

/** One slab of a layer, as cache/rope-append sees it. */
interface AppendInput extends Heads {
  /** `[rows, 4]`: sequence, position. */
  readonly rows: Uint32Array;
  readonly firstKvHead: number;
  readonly numKvHeads: number;
  readonly blockTable: Uint32Array;
  readonly tableOffset: number;
  readonly maxPages: number;
  readonly pool: KvWords;
  readonly summaryTable: Uint32Array;
  readonly numSummarySlots: number;
  readonly summaries: KvWords;
  /** The pool's pages have 8 bits an element, and open pages keep their keys in summary slots from this one on. */
  readonly firstOpenSlot?: number;
}

/** Turns the q heads of a row `qkv [qkvStride]` that belong to `kvHead`, and returns its k and v. */
function turnRow(qkv: Float32Array, kvHead: number, position: number, heads: Heads) {
  const { headDim, group, kvHeads } = heads;
  const head = (index: number) => qkv.subarray(index * headDim, (index + 1) * headDim);
  for (let i = 0; i < group; i++) {
    const query = head(kvHead * group + i);
    query.set(ropeHead(query, position, 0, heads));
  }
  const key = ropeHead(head(kvHeads * group + kvHead), position, 1, heads);
  return { key, value: head(kvHeads * (group + 1) + kvHead) };
}

/** The row of `qkv`, a view. */
function rowOf({ qkv, qkvStride }: Heads, row: number): Float32Array {
  return qkv.subarray(row * qkvStride, (row + 1) * qkvStride);
}

interface KeyValue {
  readonly key: number[];
  /** As long as the key. */
  readonly value: Float32Array;
}

/** Stores a token's key and value in its page. */
function storeToken(words: KvWords, page: number, token: number, { key, value }: KeyValue) {
  const headDim = key.length;
  for (let i = 0; i < headDim; i++) {
    storeKv(words, (page * 32 + token) * headDim + i, key[i]!);
    storeKv(words, (page * 32 + 16 + token) * headDim + i, value[i]!);
  }
}

/** Per-channel minimum, then maximum, of a stored page's keys. */
export function summarise(words: KvWords, page: number, headDim: number): number[] {
  const summary: number[] = [];
  for (const pick of [Math.min, Math.max]) {
    for (let i = 0; i < headDim; i++) {
      const keys = Array.from({ length: 16 }, (_, token) => loadKv(words, (page * 32 + token) * headDim + i));
      summary.push(pick(...keys));
    }
  }
  return summary;
}

/** Turns the queries of the slab's heads, stores keys and values in their pages, and summarises pages that become full. */
export function ropeAppend(input: AppendInput): void {
  const { rows, headDim, pool, summaries, maxPages } = input;
  for (let row = 0; row < rows.length / 4; row++) {
    const [sequence, position] = [rows[4 * row]!, rows[4 * row + 1]!];
    const page = position >> 4;
    for (let local = 0; local < input.numKvHeads; local++) {
      const kvHead = input.firstKvHead + local;
      const turned = turnRow(rowOf(input, row), kvHead, position, input);
      const { key, value } = turned;
      const entry = input.tableOffset + (sequence * input.kvHeads + kvHead) * maxPages + page;
      const slot = input.blockTable[entry]!;
      const token = position & 15;
      const ofHead = local * input.numSummarySlots * 2 * headDim;
      const summary = ofHead + input.summaryTable[sequence * maxPages + page]! * 2 * headDim;
      if (input.firstOpenSlot === undefined) {
        storeToken(pool, slot, token, turned);
        if (token === 15) {
          summarise(pool, slot, headDim).forEach((bound, i) => storeKv(summaries, summary + i, bound));
        }
        continue;
      }
      const open = ofHead + (2 * input.firstOpenSlot + 16 * sequence) * headDim;
      key.forEach((element, i) => storeKv(summaries, open + token * headDim + i, element));
      const loadKey = (row: number, channel: number) => loadKv(summaries, open + row * headDim + channel);
      const packed = { words: pool as Uint32Array, headDim };
      packKeys(packed, slot, token + 1, loadKey);
      packValue(packed, slot, token, (channel) => roundToF16(value[channel]!));
      if (token !== 15) continue;
      for (let i = 0; i < headDim; i++) {
        const keys = Array.from({ length: 16 }, (_, row) => loadKey(row, i));
        storeKv(summaries, summary + i, Math.min(...keys));
        storeKv(summaries, summary + headDim + i, Math.max(...keys));
      }
    }
  }
}

/** A chunk of a segment, as cache/rope-append-tile sees it. */
interface AppendTileInput extends Heads {
  readonly numRows: number;
  readonly firstRow: number;
  readonly firstPosition: number;
  readonly tile: KvWords;
  readonly tileFirstPage: number;
  readonly tilePages: number;
}

/** Turns the queries of a chunk, and stores its keys and values in the tile. */
export function ropeAppendTile(input: AppendTileInput): void {
  for (let r = 0; r < input.numRows; r++) {
    const position = input.firstPosition + r;
    for (let kvHead = 0; kvHead < input.kvHeads; kvHead++) {
      const turned = turnRow(rowOf(input, input.firstRow + r), kvHead, position, input);
      const page = kvHead * input.tilePages + (position >> 4) - input.tileFirstPage;
      storeToken(input.tile, page, position & 15, turned);
    }
  }
}
