/**
 * Paragraphs from the pieces of text that a PDF places on its pages: running heads and page numbers go, lines are joined, words
 * broken at line ends made whole. A PDF knows only places; what belongs together is judged by them. Pure.
 */

/** A run of text with its place, in points; y grows upwards. */
export interface PdfItem {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Size of the font. */
  readonly height: number;
  /** Whether a line ends after it. */
  readonly endsLine: boolean;
}

interface Line {
  readonly text: string;
  readonly x: number;
  readonly endX: number;
  readonly y: number;
  readonly height: number;
}

function linesOf(items: readonly PdfItem[]): Line[] {
  const lines: Line[] = [];
  let open: PdfItem[] = [];
  const close = () => {
    const text = open.map((item) => item.text).join('');
    const visible = open.filter((item) => item.text.trim() !== '');
    open = [];
    if (visible.length === 0) return;
    const tallest = visible.reduce((a, b) => (b.height > a.height ? b : a));
    lines.push({
      text: text.replace(/\s+/g, ' ').trim(),
      x: visible.reduce((least, { x }) => Math.min(least, x), Infinity),
      endX: visible.reduce((most, { x, width }) => Math.max(most, x + width), -Infinity),
      y: tallest.y,
      height: tallest.height,
    });
  };
  for (const item of items) {
    open.push(item);
    if (item.endsLine) close();
  }
  close();
  return lines;
}

/** The value that most characters have. */
function usual(values: Iterable<readonly [value: number, weight: number]>): number {
  const weights = new Map<number, number>();
  for (const [value, weight] of values) weights.set(value, (weights.get(value) ?? 0) + weight);
  let best: readonly [number, number] = [0, 0];
  for (const entry of weights) if (entry[1] > best[1]) best = entry;
  return best[0];
}

const half = (value: number) => Math.round(value * 2) / 2;

/** A line without what differs from page to page. */
const pattern = (text: string) => text.replace(/\d+/g, '#').replace(/\b[ivxlc]+\b/gi, '#');

/** Pages without the heads, feet and page numbers that at least three pages, and one in five, share. */
function withoutRunningLines(pages: readonly (readonly Line[])[]): (readonly Line[])[] {
  const least = Math.max(3, pages.length / 5);
  const counts = new Map<string, number>();
  const key = (line: Line, isTop: boolean) => `${isTop ? 'top' : 'end'} ${pattern(line.text)}`;
  for (const lines of pages) {
    // A page of one line may be a chapter's title.
    if (lines.length < 2) continue;
    for (const entry of [key(lines[0]!, true), key(lines.at(-1)!, false)]) {
      counts.set(entry, (counts.get(entry) ?? 0) + 1);
    }
  }
  const isRunning = (line: Line, isTop: boolean) => (counts.get(key(line, isTop)) ?? 0) >= least;
  return pages.map((lines) => {
    const isNumber = lines.length === 1 && pattern(lines[0]!.text) === '#' && isRunning(lines[0]!, false);
    if (isNumber) return [];
    if (lines.length < 2) return lines;
    const start = isRunning(lines[0]!, true) ? 1 : 0;
    const end = isRunning(lines.at(-1)!, false) ? lines.length - 1 : lines.length;
    return lines.slice(start, end);
  });
}

/** Left edges at which many lines of a page begin. */
function marginsOf(lines: readonly Line[]): number[] {
  const counts = new Map<number, number>();
  for (const { x } of lines) counts.set(Math.round(x), (counts.get(Math.round(x)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count >= Math.max(2, lines.length / 5)).map(([x]) => x);
}

function isIndented(line: Line, margins: readonly number[]): boolean {
  if (margins.some((margin) => Math.abs(margin - line.x) <= 2)) return false;
  return margins.some((margin) => line.x > margin + line.height * 0.8 && line.x < margin + line.height * 6);
}

const endsSentence = (text: string) => /[.!?:;…]["'”’)\]»]*$/.test(text);
const beginsItem = (text: string) => /^(?:[•‣▪◦●·–—*-]|\(?(?:\d{1,3}|[a-z])[.)])\s/.test(text);

interface Layout {
  /** Usual distance of two lines of the text. */
  readonly pitch: number;
  readonly margins: readonly number[];
}

/** Whether `next` begins a paragraph; `right` is how far the paragraph of `line` reaches. */
function beginsParagraph(
  line: Line,
  next: Line,
  right: number,
  isItem: boolean,
  { pitch, margins }: Layout,
): boolean {
  const gap = line.y - next.y;
  const height = Math.max(line.height, next.height);
  const isSameRow = Math.abs(gap) < height * 0.3;
  if (isSameRow) return false;
  if (Math.abs(line.height - next.height) > 0.12 * height) return true;
  if (beginsItem(next.text)) return true;
  if (gap < 0) return startsAfresh(line, next);
  if (gap > Math.max(pitch, height) * 1.45) return true;
  if (isIndented(next, margins) && !isItem) return true;
  return endsSentence(line.text) && line.endX < right - height * 3;
}

/** At a new column or page: whether the text before had come to an end. */
function startsAfresh(line: Line, next: Line): boolean {
  return endsSentence(line.text) ? !/^\p{Ll}/u.test(next.text) : /^\p{Lu}[\p{Lu}\s]+$/u.test(next.text);
}

/** Two lines of one paragraph as one, with a word that was broken between them made whole. */
export function joinLines(before: string, after: string): string {
  if (/\p{L}[\u00ad\u2010-]$/u.test(before) && /^\p{Ll}/u.test(after)) return before.slice(0, -1) + after;
  if (before.endsWith('\u00ad')) return before.slice(0, -1) + after;
  if (/[\p{L}\p{N}][\u2010-]$/u.test(before) && /^[\p{L}\p{N}]/u.test(after)) return before + after;
  return `${before} ${after}`;
}

/** The text of a document from the items of its pages, with an empty line between paragraphs. */
export function pdfText(pages: readonly (readonly PdfItem[])[]): string {
  const pageLines = withoutRunningLines(pages.map(linesOf));
  const all = pageLines.flat();
  const body = usual(all.map(({ height, text }) => [half(height), text.length]));
  const gaps = pageLines.flatMap((lines) =>
    lines.slice(1).flatMap((line, index) => {
      const before = lines[index]!;
      const gap = before.y - line.y;
      const isBody = half(line.height) === body && half(before.height) === body;
      return isBody && gap > 0 && gap < body * 3 ? [[half(gap), 1] as const] : [];
    }),
  );
  const pitch = usual(gaps) || body * 1.2;
  const paragraphs: string[] = [];
  let line: Line | undefined;
  let text = '';
  let right = 0;
  for (const lines of pageLines) {
    const layout = { pitch, margins: marginsOf(lines) };
    let isFirst = true;
    for (const next of lines) {
      const isBreak =
        line !== undefined &&
        (isFirst && Math.abs(line.height - next.height) <= 0.12 * next.height && !beginsItem(next.text)
          ? startsAfresh(line, next) || isIndented(next, layout.margins)
          : beginsParagraph(line, next, Math.max(right, next.endX), beginsItem(text), layout));
      if (line === undefined || isBreak) {
        if (line !== undefined) paragraphs.push(text);
        text = next.text;
        right = next.endX;
      } else {
        text = joinLines(text, next.text);
        right = Math.max(right, next.endX);
      }
      line = next;
      isFirst = false;
    }
  }
  if (line !== undefined) paragraphs.push(text);
  return paragraphs.join('\n\n');
}
