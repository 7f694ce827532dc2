/** Paths of a PDF's page as areas: pure. */

/** An area, in points; y grows upwards. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Whether a thin line stands. */
export const isUpright = ({ left, right, bottom, top }: Box): boolean => right - left < top - bottom;

/** The four sides of an area. */
export const sidesOf = ({ left, right, bottom, top }: Box): Box[] => [
  { left, right: left, bottom, top },
  { left: right, right, bottom, top },
  { left, right, bottom, top: bottom },
  { left, right, bottom: top, top },
];

/** `[a b c d e f]`, as PDF has it. */
export type Matrix = readonly [number, number, number, number, number, number];

export const identity: Matrix = [1, 0, 0, 1, 0, 0];

/** First `one`, then `other`. */
export function joined(one: Matrix, other: Matrix): Matrix {
  const [a, b, c, d, e, f] = one;
  const [g, h, i, j, k, l] = other;
  return [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l];
}

export const moved = ([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] => [
  a * x + c * y + e,
  b * x + d * y + f,
];

/** The least area around some points. */
export function boxOf(points: readonly (readonly [number, number])[]): Box {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) };
}

export const isMatrix = (value: unknown): value is Matrix =>
  (Array.isArray(value) || ArrayBuffer.isView(value)) && (value as unknown as ArrayLike<number>).length === 6;

/** Straight lines and rectangles of a path, as boxes; curves count by their ends. */
export function boxesOf(path: ArrayLike<number>, matrix: Matrix): Box[] {
  const boxes: Box[] = [];
  let points: [number, number][] = [];
  const end = () => {
    const isRectangle =
      points.length >= 4 &&
      points.every(([x, y], i) => i === 0 || x === points[i - 1]![0] || y === points[i - 1]![1]);
    if (isRectangle || points.length > 12) boxes.push(boxOf(points));
    else for (let i = 1; i < points.length; i++) boxes.push(boxOf([points[i - 1]!, points[i]!]));
    points = [];
  };
  for (let at = 0; at < path.length;) {
    const code = path[at++]!;
    // Codes of pdf.js: 0 moves, 1 draws a line, 2 and 3 curves of two and one points of control, 4 closes.
    if (code === 0) end();
    if (code === 4) {
      if (points[0]) points.push(points[0]);
      continue;
    }
    const skip = code === 2 ? 4 : code === 3 ? 2 : 0;
    if (code > 4) return boxes;
    points.push(moved(matrix, path[at + skip]!, path[at + skip + 1]!));
    at += skip + 2;
  }
  end();
  return boxes;
}

/** The area of a path that is one upright rectangle; undefined for every other. */
export function rectangleOf(path: ArrayLike<number>, matrix: Matrix): Box | undefined {
  const points: [number, number][] = [];
  for (let at = 0; at < path.length;) {
    const code = path[at++]!;
    if (code === 4) continue;
    if (code > 1 || (code === 0 && at > 1)) return undefined;
    points.push(moved(matrix, path[at]!, path[at + 1]!));
    at += 2;
  }
  const [first, , , , fifth] = points;
  const isClosed = !fifth || (fifth[0] === first![0] && fifth[1] === first![1]);
  if (points.length < 4 || points.length > 5 || !isClosed) return undefined;
  const box = boxOf(points);
  const { left, right, bottom, top } = box;
  const corners = new Set(
    points.map(
      ([x, y]) => `${x === left ? 0 : x === right ? 1 : 'x'} ${y === bottom ? 0 : y === top ? 1 : 'y'}`,
    ),
  );
  return corners.size === 4 && ![...corners].some((corner) => /[xy]/.test(corner)) ? box : undefined;
}

/** An area that all points of a path are in, those that control curves too; undefined for a path without any. */
export function boundsOf(path: ArrayLike<number>, matrix: Matrix): Box | undefined {
  const points: [number, number][] = [];
  for (let at = 0; at < path.length;) {
    const code = path[at++]!;
    if (code > 4) return undefined;
    for (const end = at + [2, 2, 6, 4, 0][code]!; at < end; at += 2) {
      points.push(moved(matrix, path[at]!, path[at + 1]!));
    }
  }
  return points.length === 0 ? undefined : boxOf(points);
}

/** What two areas share; its right is left of its left where they share nothing. */
export const sharedBy = (one: Box, other: Box): Box => ({
  left: Math.max(one.left, other.left),
  right: Math.min(one.right, other.right),
  bottom: Math.max(one.bottom, other.bottom),
  top: Math.min(one.top, other.top),
});
