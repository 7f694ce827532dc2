/** What the properties of a run of letters say of them, as far as it changes what is read: pure. */
import { attributeOf, childNamed, type Element } from '../markup/tree';

/** Each is undefined where the properties say nothing of it. */
export interface RunProperties {
  /** Not shown, or too small to be seen. */
  readonly isHidden?: boolean | undefined;
  readonly place?: 'raised' | 'lowered' | 'level' | undefined;
  readonly isStruck?: boolean | undefined;
  /** Six hexadecimal digits, lower case, or `auto`. */
  readonly color?: string | undefined;
  /** What is behind the letters: as `color`. */
  readonly ground?: string | undefined;
  readonly font?: string | undefined;
}

const val = (element: Element | undefined) => attributeOf(element, 'val');
const isOn = (element: Element) => !/^(?:0|false|off|none)$/.test(val(element) ?? '');

/** Letters are raised or lowered where they stand so many half points off the line. */
const leastShift = 4;

/** Letters of so many half points and less are not seen. */
const unseenSize = 2;

function switched(properties: Element, ...names: readonly string[]): boolean | undefined {
  const found = names.flatMap((name) => childNamed(properties, name) ?? []);
  return found.length === 0 ? undefined : found.some(isOn);
}

function placeOf(properties: Element): RunProperties['place'] {
  switch (val(childNamed(properties, 'vertAlign'))) {
    case 'superscript':
      return 'raised';
    case 'subscript':
      return 'lowered';
    case 'baseline':
      return 'level';
  }
  const shift = Number(val(childNamed(properties, 'position')) ?? 0);
  if (shift >= leastShift) return 'raised';
  return shift <= -leastShift ? 'lowered' : undefined;
}

/** What is painted behind the letters or the paragraph of these properties; undefined for nothing. */
export function groundOf(properties: Element | undefined): string | undefined {
  const shading = properties && childNamed(properties, 'shd');
  const pattern = val(shading);
  // A pattern other than none is of another colour than its ground.
  if (pattern !== undefined && pattern !== 'clear' && pattern !== 'nil') return 'pattern';
  return attributeOf(shading, 'fill')?.toLowerCase();
}

/** Reads `w:rPr`. */
export function runProperties(properties: Element | undefined): RunProperties {
  if (!properties) return {};
  const fonts = childNamed(properties, 'rFonts');
  const isTiny = Number(val(childNamed(properties, 'sz')) ?? Infinity) <= unseenSize;
  const highlight = val(childNamed(properties, 'highlight'));
  return {
    isHidden: isTiny || switched(properties, 'vanish', 'webHidden'),
    place: placeOf(properties),
    isStruck: switched(properties, 'strike', 'dstrike'),
    color: val(childNamed(properties, 'color'))?.toLowerCase(),
    ground: highlight !== undefined && highlight !== 'none' ? 'highlight' : groundOf(properties),
    font: attributeOf(fonts, 'ascii') ?? attributeOf(fonts, 'hAnsi'),
  };
}

/** Properties where nearer ones do not say otherwise. */
export function withDefaults(near: RunProperties, far: RunProperties): RunProperties {
  return {
    isHidden: near.isHidden ?? far.isHidden,
    place: near.place ?? far.place,
    isStruck: near.isStruck ?? far.isStruck,
    color: near.color ?? far.color,
    ground: near.ground ?? far.ground,
    font: near.font ?? far.font,
  };
}

/** Whether letters are declared to be unseen. @param around what is behind their paragraph or cell; undefined for nothing */
export function areUnseen({ isHidden, color, ground }: RunProperties, around: string | undefined): boolean {
  if (isHidden) return true;
  if (color === undefined || color === 'auto') return false;
  const behind = [ground, around].find((one) => one !== undefined && one !== 'auto') ?? 'ffffff';
  return color === behind;
}
