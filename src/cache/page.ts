/** Pages and their indices: sizes and branded numbers, nothing that holds them. */
import { pageTokens } from '../kernels/attention/kv-format';
import { ceilDiv } from '../util/math';

export { pageTokens };

/** Position of a page in its sequence: page `i` holds tokens `[16·i, 16·i + 16)`. */
export type PageIndex = number & { readonly __brand: 'PageIndex' };

/** A logical page: 16 tokens of all layers and KV heads; sequences with a common prefix share it. */
export type PageId = number & { readonly __brand: 'PageId' };

/** Where a page lies in its layer's pool, inside the slab that serves its KV head. */
export type Slot = number & { readonly __brand: 'Slot' };

/** Entry of a block table for a page that has no slot. */
export const notResident = 0xffffffff as Slot;

/** Number of pages that hold `numTokens` tokens, a partial last page included. */
export function pagesFor(numTokens: number): number {
  return ceilDiv(numTokens, pageTokens);
}

/** The tokens of the whole pages among `numTokens`. */
export function wholePageTokens(numTokens: number): number {
  return numTokens - (numTokens % pageTokens);
}

/** The page that holds the token at `position`. */
export function pageOf(position: number): PageIndex {
  return Math.floor(position / pageTokens) as PageIndex;
}
