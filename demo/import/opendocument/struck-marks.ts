/** Marks around words that are seen as struck out: spans, and paragraphs but for the spans in them that say otherwise. Pure. */
import { textOf, type Element } from '../markup/tree';
import type { TextWriter } from '../text/text-writer';

/** See the file's header. */
export class StruckMarks {
  /** Struck spans that are open. */
  readonly #spans = new Set<Element>();
  /** The struck paragraph that is open. */
  #paragraph: Element | undefined;
  /** Spans in it whose words are not struck. */
  readonly #plainSpans = new Set<Element>();
  /** Whether the mark of what is struck out in it is open. */
  #isMarked = false;

  beginParagraph(paragraph: Element): void {
    this.#paragraph ??= paragraph;
  }

  endParagraph(paragraph: Element, writer: TextWriter): void {
    if (this.#paragraph !== paragraph) return;
    if (this.#isMarked) writer.write(']');
    this.#isMarked = false;
    this.#paragraph = undefined;
  }

  /** @param isStruck undefined for a span that does not say */
  beginSpan(span: Element, isStruck: boolean | undefined, writer: TextWriter): void {
    if (this.#paragraph && isStruck === false) this.#plainSpans.add(span);
    if (!isStruck || this.#paragraph || textOf(span).trim() === '') return;
    writer.write('[struck out: ');
    this.#spans.add(span);
  }

  endSpan(span: Element, writer: TextWriter): void {
    if (this.#spans.delete(span)) writer.write(']');
    this.#plainSpans.delete(span);
  }

  /** Opens or closes the mark of a struck paragraph before words that are written. */
  beforeWords(writer: TextWriter): void {
    if (!this.#paragraph) return;
    const isStruck = this.#plainSpans.size === 0;
    if (isStruck !== this.#isMarked) writer.write(isStruck ? '[struck out: ' : ']');
    this.#isMarked = isStruck;
  }

  writeText(text: string, writer: TextWriter): void {
    const start = text.search(/\S/);
    if (start < 0 || !this.#paragraph) return writer.write(text);
    writer.write(text.slice(0, start));
    this.beforeWords(writer);
    writer.write(text.slice(start));
  }
}
