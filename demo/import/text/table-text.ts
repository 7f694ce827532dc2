/** Tables as lines of cells between bars, with merged cells filled: pure. */
import { placeMark } from '../document';

/** A cell as it is written; spans of 1 are absent. */
export interface TableCell {
  readonly text: string;
  readonly columnSpan?: number;
  /** 0 for all rows that follow. */
  readonly rowSpan?: number;
}

/** Spans beyond it are not believed. */
const maxColumns = 1000;

/** Cells that filling may add to a table. */
const maxFilled = 500_000;

const oneLine = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');

/** Rows of equally many cells: what is merged stands in each of the cells that it covers. */
function fillGrid(rows: readonly (readonly TableCell[])[]): string[][] {
  const grid: string[][] = [];
  /** By column, what comes down from rows above, and for how many more rows. */
  const hanging = new Map<number, { text: string; numRows: number }>();
  /** One behind the last column that anything came down in. */
  let endHanging = 0;
  let numFilled = 0;
  for (const row of rows) {
    const cells: string[] = [];
    const takeHanging = () => {
      for (
        let found = hanging.get(cells.length);
        found && numFilled < maxFilled;
        found = hanging.get(cells.length)
      ) {
        numFilled++;
        if (--found.numRows <= 0) hanging.delete(cells.length);
        cells.push(found.text);
      }
    };
    for (const { text, columnSpan = 1, rowSpan = 1 } of row) {
      takeHanging();
      const width = Math.min(Math.max(1, columnSpan), maxColumns);
      for (let i = 0; i < width; i++) {
        if (i > 0 && (cells.length >= maxColumns || numFilled >= maxFilled)) break;
        const content = i === 0 ? text : text.replaceAll(placeMark, '');
        if (i > 0) numFilled++;
        if (rowSpan !== 1) {
          const numRows = rowSpan === 0 ? Infinity : rowSpan - 1;
          endHanging = Math.max(endHanging, cells.length + 1);
          hanging.set(cells.length, { text: text.replaceAll(placeMark, ''), numRows });
        }
        cells.push(content);
      }
    }
    takeHanging();
    // A row may leave out cells before one that comes down from above.
    while (hanging.size > 0 && cells.length < Math.min(endHanging, maxColumns) && numFilled < maxFilled) {
      numFilled++;
      cells.push('');
      takeHanging();
    }
    grid.push(cells);
  }
  const numColumns = grid.reduce((most, cells) => Math.max(most, cells.length), 0);
  if (numColumns * grid.length > maxFilled + rows.reduce((sum, row) => sum + row.length, 0)) return grid;
  return grid.map((cells) => [...cells, ...Array<string>(numColumns - cells.length).fill('')]);
}

/** A line for each row. */
export function tableText(rows: readonly (readonly TableCell[])[]): string {
  return fillGrid(rows)
    .map((cells) => cells.map(oneLine))
    .filter((cells) => cells.some((text) => text !== ''))
    .map((cells) => cells.join(' | '))
    .join('\n');
}

/** A table that stands in a cell of another one: no bar of it may count as one of theirs. */
export function nestedTableText(rows: readonly (readonly TableCell[])[]): string {
  return fillGrid(rows)
    .map((cells) => cells.map(oneLine).filter((text) => text !== ''))
    .filter((cells) => cells.length > 0)
    .map((cells) => cells.join(', '))
    .join('; ');
}
