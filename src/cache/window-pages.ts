/** Which pages the tokens of a layer with a sliding window see, and how many slots those take. Pure. */
import { prefillKeyBlock } from '../kernels/attention/prefill-attention';
import { ceilDiv } from '../util/math';
import { pageOf, pageTokens, type PageIndex } from './page';

/** Pages beyond the window: a sequence that is cut by the steps that ran ahead, and to whole pages, still has all of it. */
export const sparePages = 2;

/** Slots of one KV head for one sequence where tokens attend `window` positions, their own included. */
export function ringPagesFor(window: number): number {
  return ceilDiv(window - 1, pageTokens) + 1 + sparePages;
}

/** The first page that a prefill from `position` on reads of a window, 0 for none: keys are attended in whole blocks. */
export function firstPageSeen(position: number, window: number): PageIndex {
  const oldest = window === 0 ? 0 : Math.max(0, position + 1 - window);
  return pageOf(oldest - (oldest % prefillKeyBlock));
}
