/**
 * Running heads, feet and page numbers: lines that stand apart at the same place and in the same size on many pages, and whose
 * figures, if any, count the pages. What only looks like one stays. Pure.
 */
import type { Line, PageElement } from './lines';

/** A page's elements, with its height in points where that is known. */
interface PageLines {
  readonly elements: readonly PageElement[];
  readonly height: number | undefined;
}

/** What a document has. */
interface BodySizes {
  /** Size of most letters, and usual distance of two lines. */
  readonly height: number;
  readonly pitch: number;
}

/** Heads and feet stand in this share of the page's height, at either end. */
const marginShare = 0.13;

/** Numbers and words of a line that counts pages differ from its page's number by a bit at most: covers and front matter. */
const mostFrontPages = 40;

interface Candidate {
  readonly page: number;
  readonly line: Line;
  /** Distance to the next line, in usual distances of lines. */
  readonly gap: number;
  readonly numbers: readonly number[];
}

const roman = /^[ivxlc]+$/i;
const romanValues: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10, l: 50, c: 100 };

function romanValue(text: string): number {
  const values = Array.from(text.toLowerCase(), (letter) => romanValues[letter] ?? 0);
  return values.reduce((sum, value, index) => sum + (value < (values[index + 1] ?? 0) ? -value : value), 0);
}

const numberPattern = /\d+|\b[ivxlc]+\b/gi;

/** A line without its figures. */
const pattern = (text: string) => text.replace(numberPattern, '#');

/** Whether a line says nothing but a page's number. */
const isNumberAlone = (text: string) =>
  /^[\W_]*(?:(?:page|p\.|seite|s\.|стр\.?|página)\s*)?#(?:\s*(?:of|\/|von|de|из)\s*#)?[\W_]*$/i.test(
    pattern(text),
  );

function numbersOf(text: string): number[] {
  return (text.match(numberPattern) ?? []).map((word) =>
    roman.test(word) ? romanValue(word) : Number(word),
  );
}

/** The lines at the ends of a page, the outermost first. */
function edgeLines(
  { elements, height }: PageLines,
  isTop: boolean,
  { pitch }: BodySizes,
): Omit<Candidate, 'page'>[] {
  const lines = elements
    .filter((element) => element.kind === 'line')
    .sort((a, b) => (isTop ? b.y - a.y : a.y - b.y));
  const found: Omit<Candidate, 'page'>[] = [];
  for (const [index, line] of lines.slice(0, 2).entries()) {
    const next = lines[index + 1];
    const gap = next ? Math.abs(line.y - next.y) / pitch : Infinity;
    const isInMargin =
      height === undefined || (isTop ? line.y > height * (1 - marginShare) : line.y < height * marginShare);
    if (isInMargin) found.push({ line, gap, numbers: numbersOf(line.text) });
  }
  return found;
}

/** What to take off the pages, and what of it is said nowhere else. */
interface RunningLines {
  readonly lines: ReadonlySet<Line>;
  /** What they say beside a page's number, which is `#` inside of a line and left out at its ends: each is worth keeping once. */
  readonly texts: readonly string[];
}

/** Finds the running lines of a document. */
export function findRunningLines(pages: readonly PageLines[], body: BodySizes): RunningLines {
  const groups = new Map<string, Candidate[]>();
  for (const [page, lines] of pages.entries()) {
    for (const isTop of [true, false]) {
      for (const found of edgeLines(lines, isTop, body)) {
        const { line } = found;
        // Left and right pages have their numbers at different places across, but not in height.
        const key = `${isTop} ${pattern(line.text)} ${Math.round(line.y / 4)} ${Math.round(line.height)}`;
        const group = groups.get(key) ?? [];
        group.push({ ...found, page });
        groups.set(key, group);
      }
    }
  }
  const lines = new Set<Line>();
  const texts = new Set<string>();
  const least = Math.max(3, pages.length / 5);
  for (const group of groups.values()) {
    if (group.length < Math.min(least, pages.length)) continue;
    if (group.length < 3) continue;
    const steps = countsPages(group);
    const isSame = group.every(({ line }) => line.text === group[0]!.line.text);
    if (!steps && !isSame) continue;
    for (const { line, gap } of group) {
      const isSmall = line.height < 0.95 * body.height;
      if (steps ? !isNumberAlone(line.text) && gap < 2.5 && !isSmall : gap < 1.4 && !isSmall) continue;
      lines.add(line);
    }
    const taken = group.filter(({ line }) => lines.has(line));
    if (taken[0] && !isNumberAlone(taken[0].line.text)) texts.add(sharedText(taken));
  }
  return { lines, texts: [...texts] };
}

/** What the lines of a group share. */
function sharedText(group: readonly Candidate[]): string {
  let index = 0;
  const text = group[0]!.line.text.replace(numberPattern, (figure) => {
    const values = new Set(group.map(({ numbers }) => numbers[index]));
    index++;
    return values.size > 1 ? '#' : figure;
  });
  return text.replace(/^#\s+|\s+#$/g, '');
}

/** Whether one of the figures of a group of lines counts the pages, and the others do not change. */
function countsPages(group: readonly Candidate[]): boolean {
  const [first] = group;
  if (!first || first.numbers.length === 0) return false;
  const isAlone = isNumberAlone(first.line.text);
  let hasCount = false;
  for (let index = 0; index < first.numbers.length; index++) {
    const offsets = new Map<number, number>();
    for (const { numbers, page } of group) {
      const offset = (numbers[index] ?? NaN) - page;
      offsets.set(offset, (offsets.get(offset) ?? 0) + 1);
    }
    const values = new Set(group.map(({ numbers }) => numbers[index]));
    const [offset, count] = [...offsets].reduce((a, b) => (b[1] > a[1] ? b : a));
    const isNear = isAlone || Math.abs(offset - 1) <= mostFrontPages;
    if (count >= 0.8 * group.length && values.size > 1 && isNear) hasCount = true;
    else if (values.size > 1) return false;
  }
  return hasCount;
}
