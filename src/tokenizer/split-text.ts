/** How a text is cut at the matches of a pattern (`SplitDelimiterBehavior` of github.com/huggingface/tokenizers). Pure. */
import type { Span } from './pattern/pattern-matcher';

/** What becomes of a match. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';

/** The names in tokenizer.json. */
export const splitBehaviors: readonly SplitBehavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

/**
 * The parts of a text, none of them empty.
 * @param matches Where the pattern was found, from left to right.
 * @param isInverted What is between matches is cut at instead.
 */
export function splitText(
  text: string,
  matches: Iterable<Span>,
  behavior: SplitBehavior,
  isInverted: boolean,
): string[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const [from, to] of matches) {
    if (from > end) pieces.push({ start: end, end: from, isMatch: isInverted });
    if (to > from) pieces.push({ start: from, end: to, isMatch: !isInverted });
    end = to;
  }
  if (end < text.length) pieces.push({ start: end, end: text.length, isMatch: isInverted });
  return together(pieces, behavior).map((piece) => text.slice(piece.start, piece.end));
}

function together(pieces: readonly Piece[], behavior: SplitBehavior): readonly Piece[] {
  switch (behavior) {
    case 'Isolated':
      return pieces;
    case 'Removed':
      return pieces.filter((piece) => !piece.isMatch);
    case 'Contiguous':
      return merged(pieces, (before, piece) => before.isMatch === piece.isMatch);
    case 'MergedWithPrevious':
      return merged(pieces, (before, piece) => piece.isMatch && !before.isMatch);
    case 'MergedWithNext':
      return merged(pieces, (before, piece) => before.isMatch && !piece.isMatch);
  }
}

/** Joins a piece to the one before it where the two, as they were, belong together. */
function merged(
  pieces: readonly Piece[],
  belong: (before: Piece, piece: Piece) => boolean,
): readonly Piece[] {
  const result: Piece[] = [];
  for (const [i, piece] of pieces.entries()) {
    const last = result.at(-1);
    if (last && belong(pieces[i - 1]!, piece)) result[result.length - 1] = { ...piece, start: last.start };
    else result.push(piece);
  }
  return result;
}
