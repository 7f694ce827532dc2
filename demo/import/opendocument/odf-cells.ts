/** The cells of a sheet of OpenDocument, whose files keep each value as it is displayed. */
import { attributeOf, elementsNamed, elementsOf, type Element } from '../markup/tree';
import { ImportError } from '../import-error';
import { maxCells, type CellRange, type SheetCell } from '../sheets/sheet-cells';
import { withoutMarks } from '../text/tidy-text';
import { commentText, odfText, type OdfContext } from './odf-text';

/** What a sheet holds. */
interface OdfSheet {
  readonly cells: readonly SheetCell[];
  readonly merged: readonly CellRange[];
  readonly numHiddenRows: number;
  readonly numHiddenColumns: number;
  /** Texts of what lies over it. */
  readonly drawn: readonly string[];
}

const isCollapsed = (element: Element) =>
  /^(?:collapse|filter)$/.test(attributeOf(element, 'visibility') ?? '');
const numRepeats = (element: Element, name: string) => Number(attributeOf(element, name) ?? 1) || 1;

/** Times that a row or cell with text in it may be meant. */
const maxRepeated = 10_000;

/** @throws ImportError `too-large` */
export function readSheet(sheet: Element, context: OdfContext): OdfSheet {
  const cells: SheetCell[] = [];
  const merged: CellRange[] = [];
  const hiddenColumns = new Set<number>();
  const found = new Set<number>();
  let column = 0;
  for (const element of elementsNamed(sheet, 'table-column')) {
    const numColumns = numRepeats(element, 'number-columns-repeated');
    // Columns to the end of the sheet have nothing in them.
    for (let i = 0; i < Math.min(numColumns, 20_000); i++)
      if (isCollapsed(element)) hiddenColumns.add(column + i);
    column += numColumns;
  }
  let [row, numHiddenRows] = [0, 0];
  const rows = elementsNamed(sheet, 'table-row');
  for (const element of rows) {
    const numRows = numRepeats(element, 'number-rows-repeated');
    const texts = rowTexts(element, context);
    const hasText = texts.length > 0;
    if (isCollapsed(element)) numHiddenRows += hasText ? numRows : 0;
    else if (hasText) {
      for (let i = 0; i < Math.min(numRows, maxRepeated); i++) {
        for (const { text, fromColumn, numColumns, range } of texts) {
          for (let at = fromColumn; at < fromColumn + numColumns; at++) {
            if (hiddenColumns.has(at)) {
              found.add(at);
              continue;
            }
            if (cells.length >= maxCells) throw tooManyCells();
            cells.push({ row: row + i, column: at, text });
          }
          if (range) {
            merged.push({
              fromRow: row + i,
              toRow: row + i + range.numRows - 1,
              fromColumn,
              toColumn: fromColumn + range.numColumns - 1,
            });
          }
        }
      }
    }
    row += numRows;
  }
  const drawn = elementsNamed(sheet, 'shapes')
    .map((shapes) => withoutMarks(odfText(shapes, { ...context, labels: [] })).trim())
    .filter((text) => text !== '');
  return { cells, merged, numHiddenRows, numHiddenColumns: found.size, drawn };
}

interface RowText {
  readonly text: string;
  readonly fromColumn: number;
  readonly numColumns: number;
  readonly range: { readonly numRows: number; readonly numColumns: number } | undefined;
}

/** Cells of a row that say something. */
function rowTexts(row: Element, context: OdfContext): RowText[] {
  const texts: RowText[] = [];
  let column = 0;
  for (const cell of elementsOf(row)) {
    if (!/^table:(?:covered-)?table-cell$/.test(cell.name)) continue;
    const numColumns = numRepeats(cell, 'number-columns-repeated');
    const isCovered = cell.name === 'table:covered-table-cell';
    const content = isCovered || cell.children.length === 0 ? '' : cellText(cell, context);
    if (content !== '') {
      const spans = {
        numRows: Math.min(numRepeats(cell, 'number-rows-spanned'), maxRepeated),
        numColumns: Math.min(numRepeats(cell, 'number-columns-spanned'), 1000),
      };
      const isMerged = spans.numRows > 1 || spans.numColumns > 1;
      texts.push({
        text: content,
        fromColumn: column,
        numColumns: Math.min(numColumns, maxRepeated),
        range: isMerged ? spans : undefined,
      });
    }
    column += numColumns;
  }
  return texts;
}

function cellText(cell: Element, context: OdfContext): string {
  for (const annotation of elementsOf(cell).filter(({ name }) => name === 'office:annotation')) {
    const text = commentText(annotation, context);
    if (text !== '') context.comments.push(text);
  }
  const bare = { ...context, labels: [], comments: [] };
  return withoutMarks(odfText(cell, bare))
    .replace(/\s*\n\s*/g, ' ')
    .trim();
}

function tooManyCells(): ImportError {
  return new ImportError(
    'too-large',
    `This spreadsheet has more than ${maxCells / 1e6} million cells, more than can be read here.`,
    'Save the part that you want to ask about as a file of its own, or as CSV.',
  );
}
