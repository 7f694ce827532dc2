/** Cuts a document's text into what the reading pane shows, with every character's place kept: pure. */

/** A run of characters of the document's text, half-open. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A paragraph or a heading. */
export interface Paragraph extends Span {
  readonly isHeading: boolean;
}

/** A piece of a paragraph, marked or not. */
export interface Piece extends Span {
  readonly isMarked: boolean;
}

const longestHeading = 80;

/**
 * Paragraphs are parted by empty lines. A heading is a line with Markdown's mark, or a short line alone that ends like no
 * sentence.
 */
export function splitParagraphs(text: string): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  for (const { 0: block, index } of text.matchAll(/\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*/g)) {
    const mark = /^#{1,6}\s+/.exec(block)?.[0].length ?? 0;
    const isLine = !block.includes('\n');
    const isShort =
      block.length <= longestHeading && !/[.!?:;,|"”*]\s*$/.test(block) && !/^[-*|>]/.test(block);
    const start = index + (isLine ? mark : 0);
    paragraphs.push({ start, end: index + block.length, isHeading: isLine && (mark > 0 || isShort) });
  }
  return paragraphs;
}

/** A paragraph cut at the borders of what is marked. */
export function piecesOf(paragraph: Span, marked: Span | undefined): Piece[] {
  const { start, end } = paragraph;
  if (!marked || marked.end <= start || marked.start >= end) return [{ start, end, isMarked: false }];
  const from = Math.max(start, marked.start);
  const to = Math.min(end, marked.end);
  return [
    { start, end: from, isMarked: false },
    { start: from, end: to, isMarked: true },
    { start: to, end, isMarked: false },
  ].filter((piece) => piece.end > piece.start);
}

/** Characters before and behind a span in which its sentences begin and end. */
const sentenceReach = 400;
/** A full stop and what closes a quotation are no part to speak of. */
const leastShared = 2;

/** The sentences that a span has a part of: pages cut them anywhere. */
export function sentencesOf(text: string, { start, end }: Span): Span {
  const from = Math.max(0, start - sentenceReach);
  const part = text.slice(from, end + sentenceReach);
  const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(part)]
    .map(({ segment, index }) => ({ start: from + index, end: from + index + segment.trimEnd().length }))
    .filter((sentence) => {
      const shared = Math.min(end, sentence.end) - Math.max(start, sentence.start);
      return shared > leastShared;
    });
  return { start: sentences[0]?.start ?? start, end: sentences.at(-1)?.end ?? end };
}

/** The text of a span in one line, cut at words to about `longest` characters. */
export function excerpt(text: string, { start, end }: Span, longest = 300): string {
  const line = text.slice(start, end).replace(/\s+/g, ' ').trim();
  if (line.length <= longest) return line;
  return `${line.slice(0, longest).replace(/\s+\S*$/, '')}…`;
}

/** The places that begin at characters `[start, end)`; `places` are in order. */
export function placesIn<Place extends { readonly startChar: number }>(
  places: readonly Place[],
  start: number,
  end: number,
): Place[] {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]!.startChar < start) low = middle + 1;
    else high = middle;
  }
  const found: Place[] = [];
  for (let i = low; i < places.length && places[i]!.startChar < end; i++) found.push(places[i]!);
  return found;
}
