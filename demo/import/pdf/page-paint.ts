/**
 * What a page paints besides its letters, as far as it says something of them: lines that rule tables and fractions, and letters
 * that nobody sees, since they are white on nothing, painted over, outside of a clip, or not painted at all. Follows the state that ISO 32000-1, 8.4 and 9.3, has. Pure.
 */
import { Covers, type Unseen } from './covers';
import {
  boundsOf,
  boxesOf,
  boxOf,
  identity,
  isMatrix,
  joined,
  moved,
  rectangleOf,
  sharedBy,
  sidesOf,
  type Box,
  type Matrix,
} from './paths';

/** See the file's header. */
interface PagePaint {
  /** Thin lines: those that stand are less wide than high. */
  readonly rules: readonly Box[];
  /** Where letters are that nobody sees. */
  readonly unseen: readonly Unseen[];
}

/** A page's painting, as pdf.js lists it. */
export interface OperatorList {
  readonly fnArray: readonly number[];
  readonly argsArray: readonly unknown[];
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
  /** What is outside is not painted. */
  clip: Box;
  /** Whether what lies under an area shines through it. */
  isSheer: boolean;
  isPattern: boolean;
}

/** Lines that are thicker are areas. */
const thickestRule = 2.5;

/** Areas from which on something white in them is seen. */
const leastGround = 8;

/** Rules that a page may have: drawings have more, and are no tables. */
const mostRules = 20_000;

/** A clip that lets everything through. */
const everywhere: Box = { left: -Infinity, right: Infinity, bottom: -Infinity, top: Infinity };

/** Whether a state lets through what was painted before. */
const isSheerState = (entries: unknown, before: boolean): boolean =>
  (Array.isArray(entries) ? (entries as readonly (readonly [string, unknown])[]) : []).reduce(
    (isSheer, [key, value]) =>
      key === 'ca'
        ? Number(value) < 1
        : key === 'BM'
          ? value !== 'source-over'
          : key === 'SMask'
            ? Boolean(value)
            : isSheer,
    before,
  );

const isWhite = (color: unknown): boolean => {
  const [, red = '', green = '', blue = ''] = /^#(..)(..)(..)/.exec(String(color)) ?? [];
  return [red, green, blue].every((part) => Number.parseInt(part, 16) >= 250);
};

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
  const unseen: Unseen[] = [];
  const covers = new Covers();
  /** Whether each open part may be switched off, as layers can. */
  const parts: boolean[] = [];
  let isClipNext = false;
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
    clip: everywhere,
    isSheer: false,
    isPattern: false,
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
    let letters = '';
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
        letters += unicode;
      }
    }
    const place = joined(text, state.matrix);
    const box = boxOf([moved(place, 0, rise), moved(place, advance * scale, rise + 0.7 * size)]);
    text = joined([1, 0, 0, 1, advance * scale, 0], text);
    const isUnpainted = mode === 3 || mode === 7;
    if (!/[\p{L}\p{N}]/u.test(letters)) return;
    if (!isUnpainted) covers.show(box, letters, state.clip);
    if (!(isUnpainted || (state.isWhite && (mode === 0 || mode === 4)))) return;
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
    const bounds = path && isClipNext ? boundsOf(path, state.matrix) : undefined;
    isClipNext = false;
    const { clip } = state;
    if (bounds) state.clip = sharedBy(clip, bounds);
    if (!path || /^(?:endPath|clip|eoClip)$/.test(name)) return;
    const [fills, strokes] = [/fill/i.test(name), /stroke/i.test(name)];
    const area = rectangleOf(path, state.matrix);
    if (fills && area && !state.isSheer && !state.isPattern && !parts.includes(true))
      covers.cover(sharedBy(area, clip));
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
      case 'setGState':
        state.isSheer = isSheerState(args[0], state.isSheer);
        break;
      case 'beginMarkedContent':
      case 'beginMarkedContentProps':
        parts.push(args[0] === 'OC');
        break;
      case 'endMarkedContent':
        parts.pop();
        break;
      case 'clip':
      case 'eoClip':
        isClipNext = true;
        break;
      case 'setFillRGBColor':
        state.isWhite = isWhite(args[0]);
        state.isPattern = false;
        break;
      case 'setFillColorN':
      case 'setFillTransparent':
        state.isWhite = false;
        state.isPattern = true;
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
  return { rules, unseen: [...unseen, ...covers.unseen] };
}
