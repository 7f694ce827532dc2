/** Plain-text tables and numbers as a person reads them. Pure. */

/** One line of a table: texts are aligned to the left, numbers (given as text) by their column's `isNumber`. */
export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** Lines of a table with a rule below its titles; columns are as wide as their widest cell. @throws RangeError for a row of another length */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(`A row has ${row.length} cells, the table ${columns.length} columns.`);
    }
  }
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]!.isNumber ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(columns.map(({ title }) => title)), rule, ...rows.map(line)].join('\n');
}

/** A number with three significant digits and no exponent: `0.0123`, `4.56`, `78.9`, `12345`. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const numDecimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(numDecimals, 20));
}

/** Bytes in the largest decimal unit that leaves at least 1: `512 B`, `1.5 MB`. */
export function formatBytes(sizeBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const index = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(sizeBytes, 1)) / 3)));
  const value = sizeBytes / 1000 ** index;
  return `${index === 0 ? String(value) : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[index]!}`;
}
