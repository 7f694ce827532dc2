/** A flow of text of an RTF file while it is read: the body, a note, a comment, the head of a page. Pure. */
import { placeMark } from '../document';
import { lowered, raised } from '../text/raised';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { withoutMarks } from '../text/tidy-text';

/** How a cell of a row is defined. */
export interface CellDefinition {
  readonly continuesLeft: boolean;
  readonly continuesAbove: boolean;
}

/** See the file's header. */
export class RtfFlow {
  #parts: string[] = [];
  /** Where the paragraph begins that is written. */
  #start = 0;
  #risen: { readonly position: number; text: string } | undefined;
  #isStruck = false;
  readonly #labels: string[];
  #definitions: readonly CellDefinition[] = [];
  #rows: TableCell[][] = [];
  #cells: string[] = [];
  /** What is written of the cell at hand. */
  #cell: string[] | undefined;
  #nestedRows: TableCell[][] = [];
  #nestedCells: TableCell[] = [];

  /** @param labels of headings, added to */
  constructor(labels: string[]) {
    this.#labels = labels;
  }

  /** @param position above 0 raised, below lowered */
  write(text: string, position: number, isInTable: boolean, isStruck = false): void {
    if (this.#risen && this.#risen.position !== position) this.#endRisen();
    if (isInTable) this.#cell ??= [];
    else this.#endTable();
    if (/\S/.test(text)) this.#strike(isStruck);
    if (position === 0) this.#push(text);
    else if (this.#risen) this.#risen.text += text;
    else this.#risen = { position, text };
  }

  /** Words that are struck out are seen as such; they are not what holds. */
  #strike(isStruck: boolean): void {
    if (isStruck === this.#isStruck) return;
    this.#endRisen();
    this.#isStruck = isStruck;
    this.#push(isStruck ? '[struck out: ' : ']');
  }

  /** @param isHeading whether it is a place of the document */
  endParagraph(isHeading: boolean, isInTable: boolean): void {
    this.#strike(false);
    this.#endRisen();
    if (isInTable) {
      this.#cell?.push('\n');
      return;
    }
    this.#endTable();
    const text = this.#parts.slice(this.#start).join('').replace(/\s+/g, ' ').trim();
    if (isHeading && text !== '') {
      this.#labels.push(text);
      this.#parts.splice(this.#start, 0, placeMark);
    }
    this.#parts.push('\n\n');
    this.#start = this.#parts.length;
  }

  defineRow(definitions: readonly CellDefinition[]): void {
    this.#definitions = definitions;
  }

  endCell(): void {
    this.#strike(false);
    this.#endRisen();
    const nested = this.#takeNested();
    const own = this.#cell ? this.#cell.join('') : '';
    this.#cells.push([own.trim(), nested].filter((text) => text !== '').join(' '));
    this.#cell = [];
  }

  endRow(): void {
    this.#endRisen();
    if (this.#cells.length === 0) return;
    const above = this.#rows.at(-1);
    const row: TableCell[] = [];
    for (const [index, text] of this.#cells.entries()) {
      const definition = this.#definitions[index];
      const isFilled =
        text === '' && (definition?.continuesLeft === true || definition?.continuesAbove === true);
      const from = definition?.continuesLeft ? row.at(-1) : above?.[index];
      row.push({ text: isFilled ? (from?.text ?? '') : text });
    }
    this.#rows.push(row);
    this.#cells = [];
    this.#cell = undefined;
  }

  endNestedCell(): void {
    this.#strike(false);
    this.#endRisen();
    this.#nestedCells.push({ text: (this.#cell ?? []).join('').trim() });
    this.#cell = [];
  }

  endNestedRow(): void {
    this.#nestedRows.push(this.#nestedCells);
    this.#nestedCells = [];
  }

  /** The last letters that are written, for what is raised after them. */
  get #before(): string {
    const written = (this.#cell ?? this.#parts).slice(-4).join('').slice(-20);
    return /(?:\p{L}+|\S)$/u.exec(written)?.[0] ?? '';
  }

  toString(): string {
    this.#strike(false);
    this.#endRisen();
    this.endRow();
    this.#endTable();
    return this.#parts.join('').trim();
  }

  #push(text: string): void {
    (this.#cell ?? this.#parts).push(withoutMarks(text));
  }

  #endRisen(): void {
    const risen = this.#risen;
    this.#risen = undefined;
    if (!risen || risen.text.trim() === '') return;
    this.#push(risen.position > 0 ? raised(risen.text, this.#before) : lowered(risen.text, this.#before));
  }

  #takeNested(): string {
    const rows = this.#nestedRows;
    this.#nestedRows = [];
    return nestedTableText(rows);
  }

  #endTable(): void {
    if (this.#cells.length > 0) this.endRow();
    const left = (this.#cell ?? []).join('').trim();
    this.#cell = undefined;
    if (this.#rows.length > 0) {
      this.#parts.push('\n\n', tableText(this.#rows), '\n\n');
      this.#rows = [];
      this.#start = this.#parts.length;
    }
    if (left !== '') this.#parts.push(left, '\n\n');
  }
}
