/** Text with a mark in it: up to the first, or with something behind each. */
import type { GrammarBuilder, GrammarNode } from './grammar';
import type { Range } from './code-points';

/** Any bytes up to the first `mark` and that itself. */
export function textUpTo(builder: GrammarBuilder, mark: string): GrammarNode {
  return searching(builder, mark, () => builder.empty, builder.never);
}

/** Any bytes, with `part` behind each `mark`. */
export function textWith(builder: GrammarBuilder, mark: string, part: GrammarNode): GrammarNode {
  return searching(builder, mark, (begin) => builder.sequence(part, begin), builder.empty);
}

/**
 * A node for each part of the mark that may just have come (Knuth, Morris and Pratt, "Fast pattern matching in strings", 1977).
 * @param found what follows the mark, by the node that searches
 * @param end what text without the mark may end as
 */
function searching(
  builder: GrammarBuilder,
  mark: string,
  found: (begin: GrammarNode) => GrammarNode,
  end: GrammarNode,
): GrammarNode {
  const bytes = [...new TextEncoder().encode(mark)];
  const states = bytes.map(() => builder.later());
  const begin = states[0]!;
  const nodes: GrammarNode[] = [...states, found(begin)];
  const distinct = [...new Set(bytes)].sort((a, b) => a - b);
  const others = builder.bytes(...gaps(distinct));
  for (const [i, place] of states.entries()) {
    const known = distinct.map((byte) => {
      const next = nodes[longestEnd(bytes, [...bytes.slice(0, i), byte])]!;
      return builder.sequence(builder.bytes([byte, byte]), next);
    });
    place.target = builder.choice(...known, builder.sequence(others, begin), end);
  }
  return begin;
}

/** The longest beginning of `mark` that `text` ends with. */
function longestEnd(mark: readonly number[], text: readonly number[]): number {
  let length = Math.min(mark.length, text.length);
  while (mark.slice(0, length).some((byte, i) => byte !== text[text.length - length + i])) length--;
  return length;
}

/** All bytes but these, which ascend. */
function gaps(bytes: readonly number[]): Range[] {
  const ends = [-1, ...bytes, 256];
  return ends.slice(1).flatMap((end, i): Range[] => {
    const start = ends[i]! + 1;
    return start < end ? [[start, end - 1]] : [];
  });
}
