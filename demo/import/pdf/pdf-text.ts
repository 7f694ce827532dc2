/**
 * Paragraphs from what a PDF places on its pages: running heads and page numbers go, lines are joined, words broken at line
 * ends made whole, tables and listings stay what they are. A PDF knows only places; what belongs together is judged by them. Pure.
 */
import { placeMark } from '../document';
import { withoutMarks } from '../text/tidy-text';
import { joinLines } from './join-lines';
import { elementsOf, type Line, type PageElement } from './lines';
import type { PdfItem, PdfPage } from './page-items';
import { findRunningLines } from './running-lines';

/** The value that most characters have. */
function usual(values: Iterable<readonly [value: number, weight: number]>): number {
  const weights = new Map<number, number>();
  for (const [value, weight] of values) weights.set(value, (weights.get(value) ?? 0) + weight);
  let best: readonly [number, number] = [0, 0];
  for (const entry of weights) if (entry[1] > best[1]) best = entry;
  return best[0];
}

/** The distance that lines of a paragraph have: of those that are common the least. */
function usualPitch(gaps: readonly (readonly [value: number, weight: number])[]): number {
  const most = usual(gaps);
  const weightOf = (value: number) =>
    gaps.reduce((sum, [gap, weight]) => sum + (gap === value ? weight : 0), 0);
  const common = [...new Set(gaps.map(([gap]) => gap))].filter(
    (gap) => weightOf(gap) >= 0.5 * weightOf(most),
  );
  return Math.min(...common, most);
}

const half = (value: number) => Math.round(value * 2) / 2;

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
/** An entry of a list of contents or prices: dots that lead to a figure. */
const isLedByDots = (text: string) => /(?:\.\s?){4,}\s*\S{1,20}$/.test(text);
const beginsItem = (text: string) => /^(?:[•‣▪◦●·–—*-]|\(?(?:\d{1,3}|[a-z])[.)])\s/.test(text);

interface Layout {
  /** Usual distance of two lines of the text. */
  readonly pitch: number;
  readonly margins: readonly number[];
  /** How far the lines of the page reach. */
  readonly right: number;
}

/** The paragraph that is being written. */
interface OpenParagraph {
  /** How far its lines reach. */
  readonly right: number;
  /** Whether it is an item of a list. */
  readonly isItem: boolean;
}

/** Whether `next` begins a paragraph after `line`, the last one of `open`. */
function beginsParagraph(
  line: Line,
  next: Line,
  { right, isItem }: OpenParagraph,
  { pitch, margins, right: pageRight }: Layout,
): boolean {
  const gap = line.y - next.y;
  const height = Math.max(line.height, next.height);
  const isSameRow = Math.abs(gap) < height * 0.3;
  if (isSameRow) return false;
  if (Math.abs(line.height - next.height) > 0.12 * height) return true;
  if (beginsItem(next.text) || isLedByDots(line.text)) return true;
  if (gap < 0) return startsAfresh(line, next);
  if (gap > Math.max(pitch, height) * 1.45) return true;
  if (isIndented(next, margins) && !isItem) return true;
  if (!endsSentence(line.text)) return false;
  // Captions and answers of forms are lines of their own, however short all of them are.
  const isLoose = gap > 1.6 * height && /^[\p{Lu}\p{N}]/u.test(next.text);
  return line.endX < (isLoose ? Math.max(right, pageRight) : right) - height * 3;
}

/** At a new column or page: whether the text before had come to an end. */
function startsAfresh(line: Line, next: Line): boolean {
  return endsSentence(line.text) ? !/^\p{Ll}/u.test(next.text) : /^\p{Lu}[\p{Lu}\s]+$/u.test(next.text);
}

/** Writes paragraphs line by line. */
class ParagraphWriter {
  readonly #paragraphs: string[] = [];
  readonly #pitch: number;
  #layout: Layout = { pitch: 0, margins: [], right: 0 };
  #line: Line | undefined;
  #text = '';
  #right = 0;
  /** How far the lines of the page before reach. */
  #rightBefore = 0;
  #isFirst = true;
  /** Marks of pages whose text has not begun. */
  #marks = '';

  constructor(pitch: number) {
    this.#pitch = pitch;
  }

  beginPage(elements: readonly PageElement[]): void {
    const lines = elements.filter((element) => element.kind === 'line');
    this.#rightBefore = this.#layout.right;
    this.#layout = {
      pitch: this.#pitch,
      margins: marginsOf(lines),
      right: Math.max(...lines.map(({ endX }) => endX), 0),
    };
    this.#isFirst = true;
    this.#marks += placeMark;
  }

  /** A paragraph that nothing goes on from or to. */
  writeBlock(text: string): void {
    this.#close();
    this.#paragraphs.push(this.#marks + withoutMarks(text));
    this.#marks = '';
  }

  writeLine(next: Line): void {
    const line = this.#line;
    const text = withoutMarks(next.text);
    if (line === undefined || this.#isBreak(line, next)) {
      this.#close();
      this.#text = this.#marks + text;
      this.#right = next.endX;
    } else {
      const joined = joinLines(this.#text, text);
      const at = joined.length - text.length;
      this.#text = joined.slice(0, at) + this.#marks + joined.slice(at);
      this.#right = Math.max(this.#right, next.endX);
    }
    this.#marks = '';
    this.#line = next;
    this.#isFirst = false;
  }

  result(): string {
    this.#close();
    return this.#paragraphs.join('\n\n') + this.#marks;
  }

  #isBreak(line: Line, next: Line): boolean {
    const isOfSize = Math.abs(line.height - next.height) <= 0.12 * next.height;
    if (this.#isFirst && isOfSize && !beginsItem(next.text))
      return (
        startsAfresh(line, next) || isIndented(next, this.#layout.margins) || this.#endsShort(line, next)
      );
    const right = Math.max(this.#right, next.endX);
    const isItem = beginsItem(withoutMarks(this.#text));
    return beginsParagraph(line, next, { right, isItem }, this.#layout);
  }

  /** Whether the last line of a page has room for the first word of the next, which begins something else. */
  #endsShort(line: Line, next: Line): boolean {
    const word = next.text.split(/\s/, 1)[0]!;
    const width = ((next.endX - next.x) / Math.max(1, next.text.length)) * (word.length + 3);
    return /^[\p{Lu}\p{N}]/u.test(next.text) && line.endX + width < this.#rightBefore;
  }

  #close(): void {
    if (this.#line !== undefined) this.#paragraphs.push(this.#text);
    this.#line = undefined;
  }
}

const isPage = (page: PdfPage | readonly PdfItem[]): page is PdfPage => 'items' in page;

/** The text of a document from its pages, with an empty line between paragraphs and a mark where each page begins. */
export function pdfText(given: readonly (PdfPage | readonly PdfItem[])[]): string {
  const pages = given.map((page) => (isPage(page) ? page : { items: page }));
  const elements = pages.map(({ items, rules = [] }) => elementsOf(items, rules));
  const lines = elements.map((page) => page.filter((element) => element.kind === 'line'));
  const height = usual(lines.flat().map((line) => [half(line.height), line.text.length]));
  const pitch = usualPitch(lines.flatMap((page) => gapsOf(page, height))) || height * 1.2;
  const running = findRunningLines(
    pages.map((page, index) => ({ elements: elements[index]!, height: page.height })),
    { height, pitch },
  );
  const writer = new ParagraphWriter(pitch);
  for (const [index, page] of pages.entries()) {
    const kept = elements[index]!.filter((element) => element.kind !== 'line' || !running.lines.has(element));
    writer.beginPage(kept);
    for (const element of kept) {
      if (element.kind === 'line') writer.writeLine(element);
      else writer.writeBlock(element.text);
    }
    for (const text of [...(page.turned ?? []), ...(page.additions ?? [])]) writer.writeBlock(text);
  }
  const text = writer.result();
  const unsaid = running.texts.filter((line) => !text.includes(line));
  return text + unsaid.map((line) => `\n\n[On every page] ${withoutMarks(line)}`).join('');
}

function gapsOf(lines: readonly Line[], body: number): (readonly [number, number])[] {
  return lines.slice(1).flatMap((line, index) => {
    const before = lines[index]!;
    const gap = before.y - line.y;
    const isBody = half(line.height) === body && half(before.height) === body;
    return isBody && gap > 0 && gap < body * 3 ? [[half(gap), 1] as const] : [];
  });
}
