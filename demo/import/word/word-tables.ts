/** Tables of a Word document while they are read: merged cells, left out cells, and tables in cells. Pure. */
import { placeMark } from '../document';
import { ImportError } from '../import-error';
import { attributeOf, childNamed, type Element } from '../markup/tree';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';

/** Tables within tables: each one copies what is in it. */
const mostTables = 40;

/** Cells that a row may leave out. */
const mostLeftOut = 1000;

function tooDeep(): ImportError {
  return new ImportError(
    'damaged',
    'Tables stand in tables of this document deeper than anybody writes, so it is damaged, or made to do harm.',
    'Open it in the program that it is for, copy its text, and paste that here.',
  );
}

interface WordCell extends TableCell {
  /** Whether it goes on from the cell above. */
  readonly isContinued: boolean;
}

const val = (element: Element | undefined) => attributeOf(element, 'val');
const isContinuation = (merge: Element | undefined) => merge !== undefined && val(merge) !== 'restart';

/** See the file's header. */
export class WordTables {
  readonly #open: { readonly rows: WordCell[][] }[] = [];

  /** How many tables are open, one in the other. */
  get depth(): number {
    return this.#open.length;
  }

  begin(): void {
    if (this.#open.length >= mostTables) throw tooDeep();
    this.#open.push({ rows: [] });
  }

  beginRow(row: Element): void {
    const before = childNamed(row, 'trPr');
    const numBefore = Number(val(before && childNamed(before, 'gridBefore')) ?? 0) || 0;
    const leftOut = Math.min(numBefore, mostLeftOut);
    this.#open.at(-1)?.rows.push(leftOut > 0 ? [{ text: '', columnSpan: leftOut, isContinued: false }] : []);
  }

  /** @param text what is in the cell */
  endCell(cell: Element, text: string): void {
    const row = this.#open.at(-1)?.rows.at(-1);
    if (!row) return;
    const properties = childNamed(cell, 'tcPr');
    const merge = (name: string) => properties && childNamed(properties, name);
    const columnSpan = Number(val(merge('gridSpan')) ?? 1) || 1;
    const isCovered = text === '' && isContinuation(merge('hMerge'));
    row.push({
      text: isCovered ? (row.at(-1)?.text.replaceAll(placeMark, '') ?? '') : text,
      columnSpan,
      isContinued: isContinuation(merge('vMerge')),
    });
  }

  /** Ends the innermost table. @returns it as text */
  end(): string {
    const table = this.#open.pop();
    const rows = fillContinued(table?.rows ?? []);
    return this.#open.length > 0 ? nestedTableText(rows) : tableText(rows);
  }
}

/** Cells that go on from above have its text: by the column that they stand in. */
function fillContinued(rows: readonly (readonly WordCell[])[]): TableCell[][] {
  let above = new Map<number, string>();
  return rows.map((row) => {
    const now = new Map<number, string>();
    let column = 0;
    const cells = row.map(({ text, columnSpan = 1, isContinued }) => {
      const shown = isContinued && text === '' ? (above.get(column) ?? '').replaceAll(placeMark, '') : text;
      now.set(column, shown);
      column += columnSpan;
      return { text: shown, columnSpan };
    });
    above = now;
    return cells;
  });
}
