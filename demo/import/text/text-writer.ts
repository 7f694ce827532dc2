/** Writes text with breaks of the strength that was asked for last, and marks where places begin. */
import { placeMark } from '../document';
import { withoutMarks } from './tidy-text';

/** See the file's header. */
export class TextWriter {
  readonly #parts: string[] = [];
  /** Line feeds to come before the next text. */
  #breaks = 0;
  #hasSpace = false;
  /** The end of what is written, where only a mark stands that text has to follow on the same line. */
  #isAfterMark = false;
  #places = '';
  /** Whether a letter or figure that comes next is to stand apart. */
  #isApart = false;

  /** Text in which white space counts as one blank. */
  write(text: string): void {
    const collapsed = withoutMarks(text).replace(/[ \t\n\r\f\u00a0]+/g, ' ');
    const trimmed = collapsed.trim();
    this.#hasSpace ||= collapsed.startsWith(' ');
    if (trimmed === '') return;
    const needsSpace = this.#hasSpace && !this.isLineEmpty && !this.#isAfterMark;
    this.#append(needsSpace ? ` ${trimmed}` : trimmed);
    this.#hasSpace = collapsed.endsWith(' ');
  }

  /** A formula or the like: letters and figures beside it stand apart from it. */
  writeApart(text: string): void {
    if (/[\p{L}\p{N}]/u.test(this.lastCharacter)) this.#hasSpace = true;
    this.write(text);
    this.#isApart = true;
  }

  /** Text that stands as it is. */
  writeVerbatim(text: string): void {
    if (text !== '') this.#append(withoutMarks(text));
  }

  /** Text that another writer wrote, its marks included. */
  writeWritten(text: string): void {
    if (text !== '') this.#append(text);
  }

  /** A mark before text, such as an item's dash: what follows stands on its line, whatever breaks come between. */
  writeMark(mark: string): void {
    this.#append(mark);
    this.#isAfterMark = true;
  }

  /** The next text begins a place; its label is kept by whoever asks for it. */
  markPlace(): void {
    this.#places += placeMark;
  }

  /** Asks for at least so many line feeds before the next text. */
  break(numLineFeeds: number): void {
    if (!this.#isAfterMark) this.#breaks = Math.max(this.#breaks, numLineFeeds);
    this.#hasSpace = false;
  }

  /** Ends an item: a mark that nothing followed does not draw what comes later to itself. */
  endItem(): void {
    if (this.#isAfterMark) {
      this.#parts.pop();
      this.#isAfterMark = false;
    }
    this.break(1);
  }

  /** A line feed more than there are. */
  newLine(): void {
    this.#breaks++;
    this.#hasSpace = false;
  }

  /** Whether the line that the next text comes into has none yet. */
  get isLineEmpty(): boolean {
    return this.#breaks > 0 || this.#parts.length === 0;
  }

  /** The last character that is written, empty at the start of a line. */
  get lastCharacter(): string {
    return this.#breaks > 0 || this.#hasSpace ? '' : (this.#parts.at(-1)?.at(-1) ?? '');
  }

  /** The letters at the very end of what is written, 20 at most. */
  get lastWord(): string {
    if (this.#breaks > 0 || this.#hasSpace) return '';
    return /\p{L}*$/u.exec(this.#parts.slice(-4).join('').slice(-20))?.[0] ?? '';
  }

  toString(): string {
    return this.#parts.join('') + this.#places;
  }

  #append(text: string): void {
    if (this.#breaks > 0 && this.#parts.length > 0) this.#parts.push('\n'.repeat(Math.min(2, this.#breaks)));
    const needsSpace = this.#isApart && this.#breaks === 0 && /^[\p{L}\p{N}]/u.test(text);
    this.#parts.push((needsSpace ? ' ' : '') + this.#places + text);
    this.#places = '';
    this.#isApart = false;
    this.#breaks = 0;
    this.#hasSpace = false;
    this.#isAfterMark = false;
  }
}
