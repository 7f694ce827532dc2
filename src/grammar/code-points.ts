/** Sets of code points as sorted ranges, and the bytes that write them in UTF-8. Pure. */

/** First and last, both included. */
export type Range = readonly [first: number, last: number];
/** Sorted, without overlap. */
export type CodePoints = readonly Range[];

/** All that UTF-8 can write. */
export const anyCodePoint: CodePoints = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
];

/** The set of these ranges, in any order. */
export function codePoints(...ranges: readonly Range[]): CodePoints {
  const sorted = ranges.filter(([first, last]) => first <= last).sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const latest = merged.at(-1);
    if (latest && first <= latest[1] + 1) latest[1] = Math.max(latest[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** What UTF-8 can write beside these. */
export function complement(set: CodePoints): CodePoints {
  return intersection(anyCodePoint, gaps(set));
}

function gaps(set: CodePoints): CodePoints {
  const between: [number, number][] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) between.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= 0x10ffff) between.push([next, 0x10ffff]);
  return between;
}

/** What both have. */
export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return codePoints(
    ...a.flatMap(([first, last]) =>
      b.map(([otherFirst, otherLast]): Range => [Math.max(first, otherFirst), Math.min(last, otherLast)]),
    ),
  );
}

/** The sequences of byte ranges that write a set: each is as long as its characters are. */
export function utf8Sequences(set: CodePoints): Range[][] {
  return intersection(set, anyCodePoint).flatMap(([first, last]) => sequencesOf(first, last));
}

/** First code points of 2, 3 and 4 bytes. */
const lengthBorders = [0x80, 0x800, 0x10000];

/** RFC 3629: cut at the lengths, then wherever a following byte would not have its whole range. */
function sequencesOf(first: number, last: number): Range[][] {
  for (const border of lengthBorders) {
    if (first < border && last >= border)
      return [...sequencesOf(first, border - 1), ...sequencesOf(border, last)];
  }
  const length = 1 + lengthBorders.filter((border) => first >= border).length;
  for (let numLow = 1; numLow < length; numLow++) {
    const size = 64 ** numLow;
    const isSplit = Math.floor(first / size) !== Math.floor(last / size);
    if (!isSplit) continue;
    if (first % size !== 0) {
      const end = Math.ceil(first / size) * size - 1;
      return [...sequencesOf(first, end), ...sequencesOf(end + 1, last)];
    }
    if (last % size !== size - 1) {
      const start = Math.floor(last / size) * size;
      return [...sequencesOf(first, start - 1), ...sequencesOf(start, last)];
    }
  }
  const [low, high] = [bytesOf(first, length), bytesOf(last, length)];
  return [low.map((byte, i): Range => [byte, high[i]!])];
}

function bytesOf(codePoint: number, length: number): number[] {
  if (length === 1) return [codePoint];
  const bytes = [];
  let rest = codePoint;
  for (let i = 1; i < length; i++) {
    bytes.unshift(0x80 | (rest & 0x3f));
    rest >>>= 6;
  }
  return [((0xf00 >> length) & 0xff) | rest, ...bytes];
}
