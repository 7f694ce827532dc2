/** The cells of a sheet as tables of text: what stands apart on the sheet is a table of its own. Pure. */
import { tableText } from '../text/table-text';
import { withoutMarks } from '../text/tidy-text';
import type { CellRange, SheetCell } from './sheet-cells';

/** Cells that merged ones may fill. */
const maxFilled = 200_000;

/** Merged cells filled, where something is in their first. */
function filled(cells: readonly SheetCell[], merged: readonly CellRange[]): readonly SheetCell[] {
  if (merged.length === 0) return cells;
  const key = (row: number, column: number) => row * 20_000 + column;
  const texts = new Map(cells.map(({ row, column, text }) => [key(row, column), text]));
  const result = [...cells];
  let numFilled = 0;
  for (const { fromRow, toRow, fromColumn, toColumn } of merged) {
    const text = texts.get(key(fromRow, fromColumn));
    if (text === undefined) continue;
    for (let row = fromRow; row <= toRow; row++) {
      for (let column = fromColumn; column <= toColumn; column++) {
        if (texts.has(key(row, column))) continue;
        if (++numFilled > maxFilled) return result;
        texts.set(key(row, column), text);
        result.push({ row, column, text });
      }
    }
  }
  return result;
}

/** The rows of a sheet in tables, which empty rows part. Columns that a table does not use are not of it. */
export function sheetTables(cells: readonly SheetCell[], merged: readonly CellRange[]): string[] {
  const rows = new Map<number, SheetCell[]>();
  for (const cell of filled(cells, merged)) {
    const row = rows.get(cell.row);
    if (row) row.push(cell);
    else rows.set(cell.row, [cell]);
  }
  const numbers = [...rows.keys()].sort((a, b) => a - b);
  const tables: SheetCell[][][] = [];
  for (const [index, number] of numbers.entries()) {
    if (index === 0 || number !== numbers[index - 1]! + 1) tables.push([]);
    tables.at(-1)!.push(rows.get(number)!);
  }
  return tables.map((table) => {
    const columns = [...new Set(table.flat().map(({ column }) => column))].sort((a, b) => a - b);
    const placeOf = new Map(columns.map((column, index) => [column, index]));
    return tableText(
      table.map((row) => {
        const line = columns.map(() => ({ text: '' }));
        for (const { column, text } of row) line[placeOf.get(column)!] = { text: withoutMarks(text) };
        return line;
      }),
    );
  });
}
