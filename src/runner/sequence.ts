/** The token ids and KV state of one request, or of a finished one whose KV may serve the next: plain state. */
import { pageTokens, wholePageTokens } from '../cache/page';

/** One sequence's place in the cache and what is stored there. */
export interface Sequence {
  /** Its index in block tables, token buffer and sampler settings. */
  readonly index: number;
  /** Tokens known to the host, prompt first; KV of a prefix of them is stored. */
  readonly tokens: number[];
  /** Tokens whose KV is stored or will be by work already submitted: `[0, numStored)`. */
  numStored: number;
  /**
   * The imported document whose pages it holds; undefined where this engine computed them all. Pages of an import are nobody
   * else's: whoever made the file would change other answers.
   */
  origin?: string | undefined;
  /** Order of last use, for eviction of idle sequences. */
  lastUsed: number;
}

/** Length of the longest common prefix of two token lists. */
export function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}

/** How a prompt can start from what is stored. */
export interface Reuse {
  readonly sequence: Sequence;
  /** Prompt tokens whose KV is taken over, whole pages; at least one token is left to process, for its logits. */
  readonly numTokens: number;
}

/**
 * The stored sequence of this origin that shares the longest prefix with `prompt`, if one shares at least a page. Only whole pages are
 * reused: what is left, at most 15 tokens, is prefilled again, so that no page is ever written by two sequences and every token's KV is
 * what a prefill gives.
 */
export function findReuse(
  prompt: readonly number[],
  stored: Iterable<Sequence>,
  origin?: string,
): Reuse | undefined {
  let best: Reuse | undefined;
  for (const sequence of stored) {
    if (sequence.origin !== origin) continue;
    const shared = commonPrefix(prompt, sequence.tokens);
    const numTokens = wholePageTokens(Math.min(shared, sequence.numStored, prompt.length - 1));
    if (numTokens >= pageTokens && numTokens > (best?.numTokens ?? 0)) best = { sequence, numTokens };
  }
  return best;
}
