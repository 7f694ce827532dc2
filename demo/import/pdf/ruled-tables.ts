/** Tables whose cells are ruled: the lines tell rows, columns and merged cells, whatever stands in them. Pure. */
import { tableText } from '../text/table-text';
import type { Fragment } from './fragments';
import { joinLines } from './join-lines';
import { isUpright, type Box } from './paths';

/** A table with what stands in it. */
interface RuledTable {
  readonly fragments: readonly Fragment[];
  readonly text: string;
}

/** Lines so near to each other are one, or meet. */
const nearness = 2.5;

/** Rules that are looked at: what has more is a drawing. */
const mostRules = 3000;

/** A cell with more text is a frame around prose. */
const longestCell = 1500;

interface Grid {
  /** Borders of columns from left to right, and of rows from top to bottom. */
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly upright: readonly Box[];
  readonly level: readonly Box[];
}

const meet = (one: Box, other: Box) =>
  one.left <= other.right + nearness &&
  other.left <= one.right + nearness &&
  one.bottom <= other.top + nearness &&
  other.bottom <= one.top + nearness;

/** Rules that hang together. */
function groupsOf(rules: readonly Box[]): Box[][] {
  const sorted = [...rules].sort((a, b) => b.top - a.top);
  const groups: { box: Box; rules: Box[] }[] = [];
  for (const rule of sorted) {
    const touched = groups.filter(
      (group) => meet(group.box, rule) && group.rules.some((other) => meet(other, rule)),
    );
    const all = [...touched.flatMap((group) => group.rules), rule];
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    const boxes = [...touched.map(({ box }) => box), rule];
    groups.push({
      rules: all,
      box: {
        left: Math.min(...boxes.map(({ left }) => left)),
        right: Math.max(...boxes.map(({ right }) => right)),
        bottom: Math.min(...boxes.map(({ bottom }) => bottom)),
        top: Math.max(...boxes.map(({ top }) => top)),
      },
    });
  }
  return groups.map((group) => group.rules);
}

/** Places that are apart, in order. */
function distinct(places: readonly number[]): number[] {
  const result: number[] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    if (result.length === 0 || place - result.at(-1)! > nearness) result.push(place);
  }
  return result;
}

function gridOf(rules: readonly Box[]): Grid | undefined {
  const upright = rules.filter(isUpright);
  const level = rules.filter((rule) => !isUpright(rule));
  const xs = distinct(upright.map(({ left, right }) => (left + right) / 2));
  const ys = distinct(level.map(({ bottom, top }) => (bottom + top) / 2)).reverse();
  return xs.length >= 3 && ys.length >= 3 ? { xs, ys, upright, level } : undefined;
}

/** Index of the span between two borders that holds a place; -1 outside of all. */
function spanAt(borders: readonly number[], place: number): number {
  for (let index = 0; index + 1 < borders.length; index++) {
    const [from, to] = [borders[index]!, borders[index + 1]!];
    if (place >= Math.min(from, to) && place <= Math.max(from, to)) return index;
  }
  return -1;
}

/** Numbers of the cells, row by row: cells without a line between them have one number. */
function mergedCells({ xs, ys, upright, level }: Grid): number[] {
  const [numColumns, numRows] = [xs.length - 1, ys.length - 1];
  const owner = Array.from({ length: numColumns * numRows }, (_, index) => index);
  const rootOf = (index: number): number => (owner[index] === index ? index : rootOf(owner[index]!));
  const merge = (one: number, other: number) => {
    const [a, b] = [rootOf(one), rootOf(other)];
    owner[Math.max(a, b)] = Math.min(a, b);
  };
  for (let row = 0; row < numRows; row++) {
    const y = (ys[row]! + ys[row + 1]!) / 2;
    for (let column = 0; column < numColumns; column++) {
      const x = (xs[column]! + xs[column + 1]!) / 2;
      const index = row * numColumns + column;
      const [right, under] = [xs[column + 1]!, ys[row + 1]!];
      const isParted = upright.some(
        (rule) =>
          Math.abs((rule.left + rule.right) / 2 - right) <= nearness && rule.bottom <= y && rule.top >= y,
      );
      if (column + 1 < numColumns && !isParted) merge(index, index + 1);
      const isClosed = level.some(
        (rule) =>
          Math.abs((rule.bottom + rule.top) / 2 - under) <= nearness && rule.left <= x && rule.right >= x,
      );
      if (row + 1 < numRows && !isClosed) merge(index, index + numColumns);
    }
  }
  return owner.map((_, index) => rootOf(index));
}

const middle = ({ y, height }: Fragment) => y + 0.35 * height;

/** The lines of a cell, from top to bottom, as one. */
function cellText(fragments: readonly Fragment[]): string {
  const sorted = [...fragments].sort((a, b) =>
    Math.abs(a.y - b.y) > 0.3 * a.height ? b.y - a.y : a.x - b.x,
  );
  return sorted.reduce(
    (text, fragment) => (text === '' ? fragment.text : joinLines(text, fragment.text)),
    '',
  );
}

/** Whether lines of text stand side by side in all columns of a row: then they are rows that no line parts. */
function holdsRows(byCell: ReadonlyMap<number, readonly Fragment[]>, cells: readonly number[]): boolean {
  const filled = [...new Set(cells)]
    .map((cell) => byCell.get(cell) ?? [])
    .filter((fragments) => fragments.length > 0);
  if (filled.length < 2 || filled.some((fragments) => fragments.length < 3)) return false;
  const [first, ...others] = filled;
  return others.every((fragments) => {
    const numShared = fragments.filter(({ y, height }) =>
      first!.some((one) => Math.abs(one.y - y) < 0.3 * height),
    ).length;
    return numShared >= 0.6 * Math.max(fragments.length, first!.length);
  });
}

function tableOf(grid: Grid, fragments: readonly Fragment[]): RuledTable | undefined {
  const { xs, ys } = grid;
  const numColumns = xs.length - 1;
  const owner = mergedCells(grid);
  const byCell = new Map<number, Fragment[]>();
  const inside: Fragment[] = [];
  for (const fragment of fragments) {
    const [row, column] = [spanAt(ys, middle(fragment)), spanAt(xs, (fragment.x + fragment.endX) / 2)];
    if (row < 0 || column < 0) continue;
    inside.push(fragment);
    const cell = owner[row * numColumns + column]!;
    byCell.set(cell, [...(byCell.get(cell) ?? []), fragment]);
  }
  if (byCell.size < 3) return undefined;
  const rows = ys.slice(1).map((_, row) => owner.slice(row * numColumns, (row + 1) * numColumns));
  if (rows.some((cells) => holdsRows(byCell, cells))) return undefined;
  const texts = new Map([...byCell].map(([cell, parts]) => [cell, cellText(parts)]));
  if ([...texts.values()].some((text) => text.length > longestCell)) return undefined;
  return {
    fragments: inside,
    text: tableText(rows.map((cells) => cells.map((cell) => ({ text: texts.get(cell) ?? '' })))),
  };
}

/** All tables of a page that lines rule on all sides. */
export function findRuledTables(fragments: readonly Fragment[], rules: readonly Box[]): RuledTable[] {
  if (rules.length < 6 || rules.length > mostRules) return [];
  return groupsOf(rules).flatMap((group) => {
    const grid = gridOf(group);
    const table = grid && tableOf(grid, fragments);
    return table ? [table] : [];
  });
}
