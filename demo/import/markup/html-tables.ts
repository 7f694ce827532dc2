/** HTML tables while they are read: their rows and cells, and whether they are tables or lay out a page. Pure. */
import { placeMark } from '../document';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { TextWriter } from '../text/text-writer';
import { elementsNamed, isElement, type Element } from './tree';

/** Bars between the cells of a table would say nothing of such a text: a page whose layout is a table. */
const layoutCellChars = 2000;

/** Tables within tables from which on they are read as plain text: each one copies what is in it. */
const mostTables = 12;

/** A table that is open, with what is written of it. */
interface OpenTable {
  readonly element: Element;
  /** Whether it has cells that head others: a table of data, not one that lays out a page. */
  readonly isOfData: boolean;
  readonly rows: TableCell[][];
  /** Rows that are shown before and after all others, wherever they are written. */
  readonly heads: TableCell[][];
  readonly feet: TableCell[][];
  readonly outer: TextWriter;
  cell: { readonly element: Element; readonly writer: TextWriter } | undefined;
}

function spanOf(value: string | undefined): number {
  const span = Number.parseInt(value ?? '1', 10);
  return Number.isInteger(span) && span >= 0 ? span : 1;
}

/** See the file's header. Each step says who writes what comes next. */
export class HtmlTables {
  readonly #open: OpenTable[] = [];

  begin(element: Element, writer: TextWriter): void {
    if (this.#open.length >= mostTables) return;
    const isOfData = elementsNamed(element, 'th').length > 0;
    this.#open.push({ element, isOfData, rows: [], heads: [], feet: [], outer: writer, cell: undefined });
  }

  /** Whether what comes next is a cell of a table of data: headings in it are no places of the page. */
  get isInData(): boolean {
    return this.#open.at(-1)?.isOfData ?? false;
  }

  beginRow({ parent }: Element, writer: TextWriter): void {
    const table = this.#open.at(-1);
    if (!table || table.cell) return writer.break(1);
    const row: TableCell[] = [];
    table.rows.push(row);
    const group = parent && isElement(parent) ? parent.name : '';
    if (group === 'thead') table.heads.push(row);
    if (group === 'tfoot') table.feet.push(row);
  }

  beginCell(element: Element, writer: TextWriter): TextWriter {
    const table = this.#open.at(-1);
    if (!table || table.cell) {
      // No table that is read as one: a cell still does not touch the one before it.
      writer.write(' ');
      return writer;
    }
    if (table.rows.length === 0) table.rows.push([]);
    table.cell = { element, writer: new TextWriter() };
    return table.cell.writer;
  }

  endCell(element: Element, writer: TextWriter): TextWriter {
    const table = this.#open.at(-1);
    if (!table || table.cell?.element !== element) return writer;
    const [columnSpan, rowSpan] = [spanOf(element.attribs.colspan), spanOf(element.attribs.rowspan)];
    table.rows.at(-1)!.push({ text: table.cell.writer.toString(), columnSpan, rowSpan });
    table.cell = undefined;
    return table.outer;
  }

  end(element: Element, writer: TextWriter): TextWriter {
    const table = this.#open.at(-1);
    if (table?.element !== element) return writer;
    this.#open.pop();
    const { outer } = table;
    const { heads, feet } = table;
    const body = table.rows.filter((row) => !heads.includes(row) && !feet.includes(row));
    const rows = [...heads, ...body, ...feet].filter((row) => row.length > 0);
    const isLayout =
      rows.every((row) => row.length === 1) ||
      rows.some((row) => row.some(({ text }) => text.length > layoutCellChars || text.includes(placeMark)));
    const isNested = this.#open.some(({ cell }) => cell !== undefined);
    outer.break(2);
    if (isLayout) {
      for (const { text } of rows.flat()) {
        outer.break(isNested ? 1 : 2);
        outer.writeWritten(text);
      }
    } else outer.writeWritten(isNested ? nestedTableText(rows) : tableText(rows));
    outer.break(2);
    return outer;
  }
}
