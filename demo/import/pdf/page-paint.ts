/**
 * What a page paints besides its letters, as far as it says something of them: lines that rule tables and fractions, and letters
 * that nobody sees, since they are white on nothing or not painted at all. Follows the state that ISO 32000-1, 8.4 and 9.3, has. Pure.
 */

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
const sidesOf = ({ left, right, bottom, top }: Box): Box[] => [
  { left, right: left, bottom, top },
  { left: right, right, bottom, top },
  { left, right, bottom, top: bottom },
  { left, right, bottom: top, top },
];

/** See the file's header. */
interface PagePaint {
  /** Thin lines: those that stand are less wide than high. */
  readonly rules: readonly Box[];
  /** Where letters are that nobody sees. */
  readonly unseen: readonly Box[];
}

/** A page's painting, as pdf.js lists it. */
export interface OperatorList {
  readonly fnArray: readonly number[];
  readonly argsArray: readonly unknown[];
}

type Matrix = readonly [number, number, number, number, number, number];

const identity: Matrix = [1, 0, 0, 1, 0, 0];

/** First `one`, then `other`. */
function joined(one: Matrix, other: Matrix): Matrix {
  const [a, b, c, d, e, f] = one;
  const [g, h, i, j, k, l] = other;
  return [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l];
}

const moved = ([a, b, c, d, e, f]: Matrix, x: number, y: number): [number, number] => [
  a * x + c * y + e,
  b * x + d * y + f,
];

function boxOf(points: readonly (readonly [number, number])[]): Box {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) };
}

interface State {
  matrix: Matrix;
  isWhite: boolean;
  mode: number;
  size: number;
  letterSpacing: number;
  wordSpacing: number;
  scale: number;
  leading: number;
  rise: number;
}

/** Lines that are thicker are areas. */
const thickestRule = 2.5;

/** Areas from which on something white in them is seen. */
const leastGround = 8;

/** Rules that a page may have: drawings have more, and are no tables. */
const mostRules = 20_000;

const isWhite = (color: unknown): boolean => {
  const [, red = '', green = '', blue = ''] = /^#(..)(..)(..)/.exec(String(color)) ?? [];
  return [red, green, blue].every((part) => Number.parseInt(part, 16) >= 250);
};

const isMatrix = (value: unknown): value is Matrix =>
  (Array.isArray(value) || ArrayBuffer.isView(value)) && (value as unknown as ArrayLike<number>).length === 6;

/** Straight lines and rectangles of a path, as boxes; curves count by their ends. */
function boxesOf(path: ArrayLike<number>, matrix: Matrix): Box[] {
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

/**
 * @param ops numbers of pdf.js's operators by their names
 * @param toPage from the file's coordinates to the page's
 */
export function readPaint(
  { fnArray, argsArray }: OperatorList,
  ops: Readonly<Record<string, number>>,
  toPage: Matrix,
): PagePaint {
  const names = new Map(Object.entries(ops).map(([name, number]) => [number, name]));
  const rules: Box[] = [];
  const unseen: Box[] = [];
  const grounds: Box[] = [];
  const pictures: Box[] = [];
  let state: State = {
    matrix: toPage,
    isWhite: false,
    mode: 0,
    size: 0,
    letterSpacing: 0,
    wordSpacing: 0,
    scale: 1,
    leading: 0,
    rise: 0,
  };
  const stack: State[] = [];
  let [text, line]: [Matrix, Matrix] = [identity, identity];
  /** Whether nothing was painted since a picture's place was set: pictures themselves are not asked for. */
  let isAwaited = false;

  const square = (): Box =>
    boxOf(
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
      ].map(([x, y]) => moved(state.matrix, x!, y!)),
    );
  const addGround = (box: Box, list: Box[]) => {
    if (box.right - box.left >= leastGround && box.top - box.bottom >= leastGround) list.push(box);
  };
  const moveLine = (x: number, y: number) => {
    line = joined([1, 0, 0, 1, x, y], line);
    text = line;
  };

  const show = (glyphs: readonly unknown[]): void => {
    const { size, letterSpacing, wordSpacing, scale, mode, rise } = state;
    let advance = 0;
    let hasLetters = false;
    for (const glyph of glyphs) {
      if (typeof glyph === 'number') advance -= (glyph * size) / 1000;
      else if (glyph !== null && typeof glyph === 'object') {
        const {
          width = 0,
          isSpace = false,
          unicode = '',
        } = glyph as {
          readonly width?: number;
          readonly isSpace?: boolean;
          readonly unicode?: string;
        };
        advance += (width * size) / 1000 + letterSpacing + (isSpace ? wordSpacing : 0);
        hasLetters ||= /[\p{L}\p{N}]/u.test(unicode);
      }
    }
    const place = joined(text, state.matrix);
    const box = boxOf([moved(place, 0, rise), moved(place, advance * scale, rise + 0.7 * size)]);
    text = joined([1, 0, 0, 1, advance * scale, 0], text);
    const isUnpainted = mode === 3 || mode === 7;
    if (!hasLetters || !(isUnpainted || (state.isWhite && (mode === 0 || mode === 4)))) return;
    // Letters that are recognised in a picture lie unpainted over it.
    const behind = isUnpainted ? pictures : [...pictures, ...grounds];
    const [x, y] = [(box.left + box.right) / 2, (box.bottom + box.top) / 2];
    const isSeen = behind.some(
      ({ left, right, bottom, top }) => x >= left && x <= right && y >= bottom && y <= top,
    );
    if (!isSeen) unseen.push(box);
  };

  const paint = (op: unknown, data: unknown): void => {
    const name = names.get(Number(op)) ?? '';
    const path = Array.isArray(data) ? (data[0] as ArrayLike<number> | null) : null;
    if (!path || /^(?:endPath|clip|eoClip)$/.test(name)) return;
    const [fills, strokes] = [/fill/i.test(name), /stroke/i.test(name)];
    for (const box of boxesOf(path, state.matrix)) {
      const [width, height] = [box.right - box.left, box.top - box.bottom];
      if (Math.min(width, height) <= thickestRule) {
        if (Math.max(width, height) > thickestRule && rules.length < mostRules) rules.push(box);
        continue;
      }
      if (fills && !state.isWhite) addGround(box, grounds);
      if (strokes && rules.length < mostRules) rules.push(...sidesOf(box));
    }
  };

  for (const [index, number] of fnArray.entries()) {
    const args = (argsArray[index] ?? []) as readonly unknown[];
    const value = Number(args[0]);
    const name = names.get(number) ?? '';
    if (isAwaited && name === 'restore') addGround(square(), pictures);
    isAwaited = false;
    switch (name) {
      case 'save':
        stack.push({ ...state });
        break;
      case 'restore':
      case 'paintFormXObjectEnd':
        state = stack.pop() ?? state;
        break;
      case 'paintFormXObjectBegin':
        stack.push({ ...state });
        if (isMatrix(args[0])) state.matrix = joined(args[0], state.matrix);
        break;
      case 'transform':
        if (isMatrix(args)) state.matrix = joined(args, state.matrix);
        isAwaited = true;
        break;
      case 'setFillRGBColor':
        state.isWhite = isWhite(args[0]);
        break;
      case 'setFillColorN':
      case 'setFillTransparent':
        state.isWhite = false;
        break;
      case 'setTextRenderingMode':
        state.mode = value;
        break;
      case 'setFont':
        state.size = Number(args[1]);
        break;
      case 'setCharSpacing':
        state.letterSpacing = value;
        break;
      case 'setWordSpacing':
        state.wordSpacing = value;
        break;
      case 'setHScale':
        state.scale = value / 100;
        break;
      case 'setLeading':
        state.leading = value;
        break;
      case 'setTextRise':
        state.rise = value;
        break;
      case 'beginText':
        [text, line] = [identity, identity];
        break;
      case 'setTextMatrix': {
        const matrix = isMatrix(args) ? args : args[0];
        if (isMatrix(matrix)) [text, line] = [matrix, matrix];
        break;
      }
      case 'setLeadingMoveText':
        state.leading = -Number(args[1]);
        moveLine(value, Number(args[1]));
        break;
      case 'moveText':
        moveLine(value, Number(args[1]));
        break;
      case 'nextLine':
        moveLine(0, -state.leading);
        break;
      case 'showText':
      case 'showSpacedText':
        show((args[0] ?? []) as readonly unknown[]);
        break;
      case 'constructPath':
        paint(args[0], args[1]);
        break;
      case 'shadingFill':
        grounds.push({ left: -Infinity, right: Infinity, bottom: -Infinity, top: Infinity });
        break;
      default:
        if (/^paint.*(?:Image|Mask)/.test(name)) addGround(square(), pictures);
    }
  }
  return { rules, unseen };
}
