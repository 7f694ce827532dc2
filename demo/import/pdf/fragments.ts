/** Fragments: pieces of a page that stand side by side on one line, with raised figures and right-to-left runs put right. Pure. */
import { lowered, raised } from '../text/raised';
import type { PdfItem } from './page-items';
import type { Parting } from './ruled';
import { withoutOverprints } from './overprinted';
import { joinSpacedLetters } from './spaced-letters';

/** Text without a wide gap in it. */
export interface Fragment {
  readonly text: string;
  readonly x: number;
  readonly endX: number;
  readonly y: number;
  readonly height: number;
  readonly isMonospaced: boolean;
  /** Whether a line ends after it, as the file has it. */
  readonly endsLine: boolean;
}

/** A gap of so many times the font's size parts two fragments. */
const widestBlank = 1.05;

/** A piece with what came before it: a blank, or nothing. */
interface Piece {
  readonly item: PdfItem;
  readonly text: string;
  readonly hasSpace: boolean;
}

const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const leftToRight = /[\p{L}\p{N}]/u;

/** In reading order: runs from right to left, and words and numbers in them from left to right. */
function ordered(pieces: readonly Piece[]): readonly Piece[] {
  const numRight = pieces
    .filter(({ text }) => rightToLeft.test(text))
    .reduce((sum, { text }) => sum + text.length, 0);
  const numAll = pieces.reduce((sum, { text }) => sum + (leftToRight.test(text) ? text.length : 0), 0);
  if (numRight * 2 < numAll || numRight === 0) return pieces;
  const sorted = [...pieces].sort((one, other) => other.item.x - one.item.x);
  const result: Piece[] = [];
  for (const piece of sorted) {
    const before = result.length;
    result.push(piece);
    if (rightToLeft.test(piece.text)) continue;
    // It goes before those that stand to its right in the same run.
    let at = before;
    while (at > 0 && !rightToLeft.test(result[at - 1]!.text)) at--;
    result.splice(before, 1);
    result.splice(at, 0, piece);
  }
  return result;
}

function textOf(pieces: readonly Piece[]): string {
  const isTurned = pieces.some(({ text }) => rightToLeft.test(text));
  const inOrder = ordered(pieces);
  let text = '';
  for (const [index, piece] of inOrder.entries()) {
    const before = inOrder[index - 1];
    const hasSpace = isTurned && before ? isApart(before.item, piece.item) : piece.hasSpace;
    if (hasSpace && text !== '' && !text.endsWith(' ')) text += ' ';
    text += isTurned ? piece.text : risen(piece, before, inOrder[index + 1], text);
  }
  return text.replace(/\s+/g, ' ').trim();
}

function isApart(one: PdfItem, other: PdfItem): boolean {
  const [left, right] = one.x < other.x ? [one, other] : [other, one];
  return right.x - (left.x + left.width) > 0.15 * Math.max(left.height, right.height);
}

/** A piece as it follows those before it, which may stand lower or higher than they do. */
function risen(piece: Piece, before: Piece | undefined, next: Piece | undefined, text: string): string {
  const { item } = piece;
  if (!before) return piece.text;
  // Fractions are often set with a raised and a lowered figure at a stroke.
  const isAtStroke = /^[/\u2044]/.test(next?.text ?? '') || /[/\u2044]$/.test(before.text);
  if (isAtStroke && /^\s*\d+\s*$/.test(piece.text)) return piece.text.trim();
  const rise = item.y - before.item.y;
  const isSmall = item.height < 0.85 * before.item.height;
  const lastWord = /(?:\p{L}+|\S)$/u.exec(text.slice(-20))?.[0] ?? '';
  if (isSmall && rise > 0.15 * before.item.height) return raised(piece.text, piece.hasSpace ? '' : lastWord);
  if (isSmall && rise < -0.05 * before.item.height) return lowered(piece.text, lastWord);
  return piece.text;
}

/** Whether a piece goes on on the line of `last`: as high, or raised or lowered beside it. */
function isOnLine(base: PdfItem, item: PdfItem): boolean {
  const rise = Math.abs(item.y - base.y);
  return rise <= 0.1 * base.height || (item.height < 0.85 * base.height && rise < 0.75 * base.height);
}

/** Fragments of a page in the order of its pieces. @param isParted by lines of tables */
export function fragmentsOf(items: readonly PdfItem[], isParted: Parting = () => false): Fragment[] {
  const fragments: Fragment[] = [];
  let pieces: Piece[] = [];
  /** The piece whose line it is: raised ones are not. */
  let base: PdfItem | undefined;
  let hasSpace = false;
  const close = (endsLine: boolean) => {
    const [first] = pieces;
    if (first && base) {
      const isNoteNumber = first.item !== base && /^\d{1,3}$/.test(first.text.trim());
      const rest = isNoteNumber ? pieces.slice(1) : pieces;
      const text = (isNoteNumber ? `[${first.text.trim()}] ` : '') + textOf(rest);
      if (text.trim() !== '') {
        fragments.push({
          text,
          x: Math.min(...pieces.map(({ item }) => item.x)),
          endX: Math.max(...pieces.map(({ item }) => item.x + item.width)),
          y: base.y,
          height: base.height,
          isMonospaced: pieces.every(({ item }) => item.isMonospaced === true),
          endsLine,
        });
      }
    }
    const last = fragments.at(-1);
    if (endsLine && last && pieces.length === 0) fragments[fragments.length - 1] = { ...last, endsLine };
    pieces = [];
    base = undefined;
    hasSpace = false;
  };
  for (const item of joinSpacedLetters(withoutOverprints(items))) {
    if (item.text.trim() === '') {
      hasSpace = true;
    } else {
      if (base) {
        const left = Math.min(...pieces.slice(-1).map((piece) => piece.item.x));
        const end = Math.max(...pieces.slice(-1).map((piece) => piece.item.x + piece.item.width));
        const gap = item.x >= left ? item.x - end : left - (item.x + item.width);
        const startsNote =
          pieces.length === 1 && base.height < 0.85 * item.height && base.y > item.y + 0.1 * item.height;
        if (startsNote && gap < item.height && base.y < item.y + 0.75 * item.height) base = item;
        else if (!isOnLine(base, item) || gap > widestBlank * base.height) close(false);
        else if (gap > 0 && isParted(Math.min(end, item.x + item.width), Math.max(left, item.x), item.y))
          close(false);
        else if (gap > 0.25 * base.height) hasSpace = true;
      }
      base ??= item;
      pieces.push({ item, text: item.text, hasSpace: hasSpace || /^\s/.test(item.text) });
      hasSpace = /\s$/.test(item.text);
    }
    if (item.endsLine) close(true);
  }
  close(true);
  return fragments;
}
