/** Text that a page declares to be unseen: it is how a document speaks to a model behind its reader's back. Pure. */
import type { Element } from './tree';

/** The last value of a property, lower case. */
export function valueOf(declarations: string, property: string): string | undefined {
  let value: string | undefined;
  for (const declaration of declarations.split(';')) {
    const colon = declaration.indexOf(':');
    if (colon < 0 || declaration.slice(0, colon).trim().toLowerCase() !== property) continue;
    value = declaration
      .slice(colon + 1)
      .replace(/!important/i, '')
      .trim()
      .toLowerCase();
  }
  return value;
}

const white = '#ffffff';
const named: Readonly<Record<string, string>> = { white, snow: white, black: '#000000' };

/** Letters or grounds that let through all that is behind them. */
const isClear = (value: string) =>
  /^transparent\b|^#[\da-f]{3}0$|^#[\da-f]{6}00$|^(?:rgb|hsl)a?\([^)]*[,/]\s*0*\.?0+%?\s*\)$/.test(value) &&
  !/^(?:rgb|hsl)\([^,/]*,[^,/]*,[^,/]*\)$/.test(value);

/** A colour in six hexadecimal digits, where it is written so that this is easily told; nearly white is white. */
function plainColor(value: string): string {
  const known = named[value];
  if (known) return known;
  const short = /^#([\da-f])([\da-f])([\da-f])[\da-f]?$/.exec(value);
  const long = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})(?:[\da-f]{2})?$/.exec(value);
  const parts = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(value);
  const lightness = /^hsla?\([^,\s]+[\s,]+[^,\s]+[\s,]+([\d.]+)%/.exec(value)?.[1];
  if (lightness !== undefined && Number(lightness) >= 98) return white;
  const levels = short
    ? short.slice(1, 4).map((digit) => Number.parseInt(digit + digit, 16))
    : long
      ? long.slice(1, 4).map((digits) => Number.parseInt(digits, 16))
      : parts?.slice(1, 4).map(Number);
  if (!levels) return value;
  if (levels.every((level) => level >= 250)) return white;
  return `#${levels.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}

const isZero = (value: string | undefined) =>
  value !== undefined && /^0*\.?0+(?:px|pt|em|rem|%)?$/.test(value);

/** A length in pixels, where it is absolute. */
function pixels(value: string | undefined): number | undefined {
  const length = /^(-?\d*\.?\d+)(px|pt|em|rem)?$/.exec(value ?? '');
  if (!length) return undefined;
  return Number(length[1]) * { px: 1, pt: 4 / 3, em: 16, rem: 16 }[length[2] ?? 'px']!;
}

/** Lengths beyond which something stands outside of the page. */
const outsidePx = -900;

/** Letters of so many pixels and less are not seen. */
const unseenPx = 1.5;

/** What of an element's surroundings decides whether its letters are seen. */
export interface Ground {
  /** Its colour, in six hexadecimal digits where that can be told. */
  readonly color: string;
  /** Why letters on it are not seen: what stands in it may declare otherwise for itself. */
  readonly isInvisible: boolean;
  readonly isTiny: boolean;
  readonly isBlended: boolean;
}

/** What a page without a style stands on. */
export const whitePage: Ground = { color: white, isInvisible: false, isTiny: false, isBlended: false };

/** Whether letters on a ground are seen. */
export const isSeen = ({ isInvisible, isTiny, isBlended }: Ground): boolean =>
  !isInvisible && !isTiny && !isBlended;

/** Whether what is declared may show letters again that are hidden around it. */
export const mayShow = (declarations: string): boolean =>
  /visibility\s*:\s*visible|font-size|font\s*:|color|background/i.test(declarations);

/** What is declared for an element, with what its attributes say of colours. */
export function withAttributes({ name, attribs }: Element, declarations: string): string {
  const own = [
    attribs.bgcolor === undefined ? '' : `background-color:${attribs.bgcolor}`,
    name === 'font' && attribs.color !== undefined ? `color:${attribs.color}` : '',
  ].filter((text) => text !== '');
  return own.length === 0 ? declarations : [...own, declarations].join(';');
}

/** Whether an element is put where nobody looks, or made too small to hold anything. */
function isOutOfSight(declarations: string): boolean {
  const value = (property: string) => valueOf(declarations, property);
  const isPlaced = /^(?:absolute|fixed)$/.test(value('position') ?? '');
  const isFar = (property: string) => (pixels(value(property)) ?? 0) <= outsidePx;
  if (isFar('text-indent') || (isPlaced && (isFar('left') || isFar('top') || isFar('right')))) return true;
  const clip = value('clip') ?? '';
  const isClipped = isPlaced && /^rect\(\s*(?:[01](?:px)?[\s,]*){4}\)$/.test(clip);
  if (isClipped || /^(?:inset\((?:50|100)%|circle\(0)/.test(value('clip-path') ?? '')) return true;
  if (/\bscale\(\s*0\s*\)/.test(value('transform') ?? '')) return true;
  if (value('content-visibility') === 'hidden') return true;
  if (/\bopacity\(\s*0*\.?0+%?\s*\)/.test(value('filter') ?? '')) return true;
  const isEmpty = ['height', 'max-height', 'width'].some((side) => (pixels(value(side)) ?? 2) <= 1);
  return isEmpty && value('overflow') === 'hidden';
}

/** Whether letters are too small to be seen: sizes of their own count, shares of the size around them do not change it. */
function isTinyIn(size: string | undefined, around: Ground): boolean {
  if (size === undefined || /^(?:inherit|unset|smaller|larger)$/.test(size)) return around.isTiny;
  if (isZero(size)) return true;
  if (/^[\d.]+(?:em|%|ex|ch)$/.test(size)) return around.isTiny || (pixels(size) ?? 16) <= unseenPx;
  return (pixels(size) ?? 16) <= unseenPx;
}

function isInvisibleIn(visibility: string | undefined, around: Ground): boolean {
  if (visibility === 'visible' || visibility === 'initial') return false;
  return /^(?:hidden|collapse)$/.test(visibility ?? '') || around.isInvisible;
}

/** Whether letters have the colour of the ground; on a ground of its own they are seen unless their colour is declared with it. */
function isBlendedIn(
  color: string | undefined,
  ground: string,
  hasOwnGround: boolean,
  around: Ground,
): boolean {
  if (color === undefined || /^(?:inherit|unset|currentcolor)$/.test(color))
    return around.isBlended && !hasOwnGround;
  return isClear(color) || plainColor(color) === ground;
}

/** Whether what is declared hides the element with all that is in it, and the ground that its content stands on. */
export function judgeStyle(
  declarations: string,
  around: Ground,
): { readonly isHidden: boolean; readonly ground: Ground } {
  if (declarations === '') return { isHidden: false, ground: around };
  const value = (property: string) => valueOf(declarations, property);
  const background = value('background-color') ?? value('background');
  const isNone =
    background === undefined || /^(?:none|inherit|initial|unset)\b/.test(background) || isClear(background);
  const color = isNone ? around.color : plainColor(background);
  const size = value('font-size') ?? /(?:^|\s)(\d\S*?)(?:\/\S+)?\s/.exec(value('font') ?? '')?.[1];
  const ground = {
    color,
    isInvisible: isInvisibleIn(value('visibility'), around),
    isTiny: isTinyIn(size, around),
    isBlended: isBlendedIn(value('-webkit-text-fill-color') ?? value('color'), color, !isNone, around),
  };
  const isHidden =
    value('display') === 'none' || Number(value('opacity') ?? 1) < 0.05 || isOutOfSight(declarations);
  const isSame =
    color === around.color &&
    ground.isInvisible === around.isInvisible &&
    ground.isTiny === around.isTiny &&
    ground.isBlended === around.isBlended;
  return { isHidden, ground: isSame ? around : ground };
}
