/** Tables of OpenDocument texts while they are read: their rows, repeated and merged cells. Pure. */
import { attributeOf, type Element } from '../markup/tree';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { TextWriter } from '../text/text-writer';

/** Tables in tables: real ones nest a few times. */
const maxDepth = 30;

/** Times that a repeated cell is taken to be meant; more are there to fill the page. */
const maxRepeated = 1000;

/** See the file's header. Each step says who writes what comes next. */
export class OdfTables {
  readonly #open: { readonly rows: TableCell[][]; readonly outer: TextWriter }[] = [];

  /** How many tables are open, one in the other. */
  get depth(): number {
    return this.#open.length;
  }

  /** @returns whether the table is read: not one that stands too deep */
  begin(writer: TextWriter): boolean {
    if (this.#open.length >= maxDepth) return false;
    this.#open.push({ rows: [], outer: writer });
    return true;
  }

  beginRow(): void {
    this.#open.at(-1)?.rows.push([]);
  }

  endCell(cell: Element, writer: TextWriter): TextWriter {
    const row = this.#open.at(-1)?.rows.at(-1);
    if (!row) return writer;
    const text = writer.toString().trim();
    const number = (name: string) => Number(attributeOf(cell, name) ?? 1) || 1;
    const numRepeated = Math.min(number('number-columns-repeated'), maxRepeated);
    const spans = { columnSpan: number('number-columns-spanned'), rowSpan: number('number-rows-spanned') };
    for (let i = 0; i < numRepeated; i++) row.push({ text, ...spans });
    return new TextWriter();
  }

  end(writer: TextWriter): TextWriter {
    const table = this.#open.pop();
    if (!table) return writer;
    const { outer, rows } = table;
    outer.break(2);
    outer.writeWritten(this.#open.length > 0 ? nestedTableText(rows) : tableText(rows));
    outer.break(2);
    return outer;
  }
}
