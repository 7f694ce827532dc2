/**
 * Tables and columns of prose, told by where the fragments of a page stand: rows of one height whose gaps are one below the other.
 * Cells of a table are short or lonely; columns of prose are lines that fill them. Pure.
 */
import { tableText } from '../text/table-text';
import type { Fragment } from './fragments';

/** A part of a page that is not read line by line. */
export type Region =
  | { readonly kind: 'table'; readonly fragments: readonly Fragment[]; readonly text: string }
  | {
      readonly kind: 'columns';
      readonly fragments: readonly Fragment[];
      /** By column, from left to right, its lines from top to bottom. */
      readonly columns: readonly (readonly (readonly Fragment[])[])[];
    };

interface Row {
  readonly y: number;
  readonly height: number;
  readonly fragments: readonly Fragment[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Rows farther apart than so many times their height are not of one table. */
const widestPitch = 3.2;

/** Columns have at least so much air between them, in font sizes. */
const leastGutter = 0.5;

function rowsOf(fragments: readonly Fragment[]): Row[] {
  const sorted = [...fragments].sort((a, b) => b.y - a.y);
  const rows: { y: number; height: number; fragments: Fragment[] }[] = [];
  for (const fragment of sorted) {
    const last = rows.at(-1);
    if (last && last.y - fragment.y <= 0.3 * Math.max(last.height, fragment.height)) {
      last.fragments.push(fragment);
      last.height = Math.max(last.height, fragment.height);
    } else rows.push({ y: fragment.y, height: fragment.height, fragments: [fragment] });
  }
  for (const row of rows) row.fragments.sort((a, b) => a.x - b.x);
  return rows;
}

/** Where text stands in any of the rows, from left to right. */
function columnsOf(rows: readonly Row[]): Span[] {
  const height = Math.max(...rows.map((row) => row.height));
  const spans = rows
    .flatMap((row) => row.fragments.map(({ x, endX }) => ({ start: x, end: endX })))
    .sort((a, b) => a.start - b.start);
  const columns: { start: number; end: number }[] = [];
  for (const { start, end } of spans) {
    const last = columns.at(-1);
    if (last && start - last.end < leastGutter * height) last.end = Math.max(last.end, end);
    else columns.push({ start, end });
  }
  return columns;
}

const columnAt = (columns: readonly Span[], { x, endX }: Fragment) =>
  columns.findIndex(({ start, end }) => (x + endX) / 2 >= start && (x + endX) / 2 <= end);

/** How many of a row's fragments stand in a column where another one of the row does too. */
function numCrowded(row: Row, columns: readonly Span[]): number {
  const taken = new Set(row.fragments.map((fragment) => columnAt(columns, fragment)));
  return row.fragments.length - taken.size;
}

/** All tables and columns of a page. */
export function findRegions(fragments: readonly Fragment[]): Region[] {
  const rows = rowsOf(fragments);
  const order = new Map(fragments.map((fragment, index) => [fragment, index]));
  const regions: Region[] = [];
  for (let start = 0; start < rows.length;) {
    const end = rows[start]!.fragments.length < 2 ? start : grow(rows, start);
    const region = end - start >= 2 ? judge(rows.slice(start, end), order) : undefined;
    if (region) regions.push(region);
    start = region ? end : start + 1;
  }
  return regions;
}

/** Index after the last row that stands in the columns of the first; rows of one fragment count where others follow. */
function grow(rows: readonly Row[], start: number): number {
  let end = start + 1;
  let columns = columnsOf(rows.slice(start, end));
  for (let next = end; next < rows.length; next++) {
    const [before, row] = [rows[next - 1]!, rows[next]!];
    if (before.y - row.y > widestPitch * Math.max(before.height, row.height)) break;
    const wider = columnsOf(rows.slice(start, next + 1));
    // A heading or a paragraph that goes over several columns ends them.
    const joins = row.fragments.some(
      ({ x, endX }) => columns.filter((column) => x < column.end && endX > column.start).length > 1,
    );
    if (wider.length < 2 || joins || numCrowded(row, wider) > 0) break;
    columns = wider;
    if (row.fragments.length > 1) end = next + 1;
  }
  return end;
}

function judge(rows: readonly Row[], order: ReadonlyMap<Fragment, number>): Region | undefined {
  const columns = columnsOf(rows);
  if (columns.length < 2 || rows.some((row) => numCrowded(row, columns) > 0)) return undefined;
  const cells = rows.map((row) => {
    const byColumn: (Fragment | undefined)[] = columns.map(() => undefined);
    for (const fragment of row.fragments) byColumn[columnAt(columns, fragment)] = fragment;
    return byColumn;
  });
  const fragments = rows.flatMap((row) => row.fragments);
  if (isProse(cells, columns)) {
    const lines = columns.map((_, column) => cells.flatMap((row) => (row[column] ? [[row[column]]] : [])));
    return { kind: 'columns', fragments, columns: lines };
  }
  // What is written column by column is two columns of short lines; files write the cells of a table row by row.
  if (columns.length === 2 && isByColumn(cells, order)) return undefined;
  if (!columns.every((_, column) => isAligned(cells.map((row) => row[column])))) return undefined;
  return { kind: 'table', fragments, text: tableText(joinWrapped(rows, cells)) };
}

/** Whether a file has all of the first column before the second. */
function isByColumn(
  cells: readonly (readonly (Fragment | undefined)[])[],
  order: ReadonlyMap<Fragment, number>,
): boolean {
  const ordersOf = (column: number) => cells.flatMap((row) => (row[column] ? [order.get(row[column])!] : []));
  return Math.max(...ordersOf(0)) < Math.min(...ordersOf(1));
}

/** Whether every column is full of lines that a sentence could run through. */
function isProse(cells: readonly (readonly (Fragment | undefined)[])[], columns: readonly Span[]): boolean {
  if (cells.length < 3 || columns.length > 4) return false;
  return columns.every(({ start, end }, column) => {
    const lines = cells.flatMap((row) => (row[column] ? [row[column]] : []));
    const meanChars = lines.reduce((sum, { text }) => sum + text.length, 0) / lines.length;
    const meanFill = lines.reduce((sum, { x, endX }) => sum + (endX - x) / (end - start), 0) / lines.length;
    const numWords = lines.reduce((sum, { text }) => sum + text.split(' ').length, 0) / lines.length;
    return lines.length >= 0.6 * cells.length && meanChars >= 15 && numWords >= 3 && meanFill >= 0.6;
  });
}

/** Whether most cells of a column begin, end or have their middle at one place. */
function isAligned(column: readonly (Fragment | undefined)[]): boolean {
  const cells = column.filter((cell) => cell !== undefined);
  const isShared = (placeOf: (cell: Fragment) => number) =>
    cells.some((one) => {
      const numNear = cells.filter(
        (other) => Math.abs(placeOf(other) - placeOf(one)) <= 0.35 * one.height,
      ).length;
      return numNear >= 0.6 * cells.length;
    });
  return isShared(({ x }) => x) || isShared(({ endX }) => endX) || isShared(({ x, endX }) => (x + endX) / 2);
}

/** Rows with the lines of their cells joined: a line of a cell follows closer than the next row does. */
function joinWrapped(
  rows: readonly Row[],
  cells: readonly (readonly (Fragment | undefined)[])[],
): { readonly text: string }[][] {
  const pitches = rows.slice(1).map((row, index) => rows[index]!.y - row.y);
  const widest = Math.max(...pitches);
  const result: { text: string }[][] = [];
  for (const [index, row] of cells.entries()) {
    const isContinued = index > 0 && row[0] === undefined && pitches[index - 1]! < 0.75 * widest;
    if (!isContinued) {
      result.push(row.map((cell) => ({ text: cell?.text ?? '' })));
      continue;
    }
    for (const [column, cell] of row.entries()) {
      const above = result.at(-1)![column]!;
      if (cell) above.text = above.text === '' ? cell.text : `${above.text} ${cell.text}`;
    }
  }
  return result;
}
