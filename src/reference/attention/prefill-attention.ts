/** CPU twin of attention/prefill-attention over all tiles at once: the carried state changes nothing but rounding. */
import { loadKv, type KvWords } from '../cache/kv-data';
import { attend, type KeyValue } from './attend';

/** Rows of a segment against every key of the sequence up to them. */
interface PrefillAttentionInput {
  readonly headDim: number;
  readonly group: number;
  readonly kvHeads: number;
  readonly qkv: Float32Array;
  readonly qkvStride: number;
  readonly numRows: number;
  /** Row r is at position `firstPosition + r`. */
  readonly firstPosition: number;
  /** `[kvHeads, tilePages, page]`, the sequence's pages from 0 on. */
  readonly tile: KvWords;
  readonly tilePages: number;
  readonly window: number;
  readonly scale: number;
  /** 0 or missing: none. */
  readonly softCap?: number;
}

/** `attended [numRows, heads · headDim]`. */
export function prefillAttention(input: PrefillAttentionInput): Float32Array<ArrayBuffer> {
  const { headDim, group, kvHeads, numRows, window } = input;
  const attended = new Float32Array(numRows * kvHeads * group * headDim);
  const load = (index: number) => loadKv(input.tile, index);
  for (let row = 0; row < numRows; row++) {
    const position = input.firstPosition + row;
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const pairs: KeyValue[] = [];
      for (let key = window > 0 ? Math.max(0, position + 1 - window) : 0; key <= position; key++) {
        const page = (kvHead * input.tilePages + (key >> 4)) * 32 + (key & 15);
        pairs.push({ key: page * headDim, value: (page + 16) * headDim });
      }
      for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
        const start = row * input.qkvStride + head * headDim;
        const query = input.qkv.subarray(start, start + headDim);
        attended.set(attend(query, pairs, load, input), (row * kvHeads * group + head) * headDim);
      }
    }
  }
  return attended;
}
