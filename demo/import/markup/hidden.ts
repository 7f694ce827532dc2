/** Text that a page declares to be unseen: it is how a document speaks to a model behind its reader's back. Pure. */
import { isElement, walk, textOf, type Document, type Element } from './tree';

/** What a page's own style sheets say of single classes, ids and elements; conditions of media are left out. */
export type StyleRules = ReadonlyMap<string, string>;

/** Style sheets longer than this are not gone over. */
const maxSheetChars = 1_000_000;

/** Declarations that are kept of one selector, and that are looked at for one element, in characters. */
const mostRuleChars = 2000;

/** What hides an element, or makes another one of it. */
const relevant =
  /display|visibility|font|opacity|color|background|vertical-align|list-style|position|indent|clip|overflow|transform/i;

/** Declarations by simple selector, as far as they change what is read. @param sheets those that came along with the page */
export function styleRules(page: Document, sheets: readonly string[] = []): StyleRules {
  const rules = new Map<string, string>();
  for (const sheet of sheets) addRules(rules, sheet.slice(0, maxSheetChars));
  walk(page, (node) => {
    if (!isElement(node) || node.name !== 'style') return true;
    const isForScreens = !node.attribs.media || /\b(?:all|screen)\b/i.test(node.attribs.media);
    if (isForScreens) addRules(rules, textOf(node).slice(0, maxSheetChars));
    return false;
  });
  return rules;
}

function addRules(rules: Map<string, string>, sheet: string): void {
  let depth = 0;
  let start = 0;
  let selectors = '';
  for (let at = 0; at < sheet.length; at++) {
    const character = sheet[at];
    if (character === '/' && sheet[at + 1] === '*') {
      const end = sheet.indexOf('*/', at + 2);
      if (end < 0) return;
      if (depth === 0 && sheet.slice(start, at).trim() === '') start = end + 2;
      at = end + 1;
    } else if (character === '{') {
      if (depth++ === 0) selectors = sheet.slice(start, at);
      if (depth === 1) start = at + 1;
    } else if (character === '}') {
      if (depth === 1 && !selectors.includes('@')) addRule(rules, selectors, sheet.slice(start, at));
      depth = Math.max(0, depth - 1);
      if (depth === 0) start = at + 1;
    } else if (character === ';' && depth === 0) start = at + 1;
  }
}

function addRule(rules: Map<string, string>, selectors: string, declarations: string): void {
  if (!relevant.test(declarations)) return;
  for (const selector of selectors.split(',')) {
    const simple = selector.trim();
    if (/^(?:[.#]?[\w-]+|[\w-]+[.#][\w-]+)$/.test(simple)) {
      // Of many declarations the last ones hold.
      rules.set(simple, `${rules.get(simple) ?? ''};${declarations}`.slice(-mostRuleChars));
    }
  }
}

/** Everything that is declared for an element: by its name, its classes, its id, and on itself. */
export function declarationsOf(element: Element, rules: StyleRules): string {
  const { style: all = '', class: classes = '', id } = element.attribs;
  const style = all.slice(-mostRuleChars);
  if (rules.size === 0) return style;
  const { name } = element;
  const selectors = classes
    .split(/\s+/, 50)
    .filter((word) => word !== '')
    .flatMap((word) => [`.${word}`, `${name}.${word}`]);
  if (id) selectors.push(`#${id}`, `${name}#${id}`);
  const found = [name, ...selectors].map((selector) => rules.get(selector) ?? '');
  return [...found, style].filter((text) => text !== '').join(';');
}

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
const named: Readonly<Record<string, string>> = { white, snow: white, black: '#000000', transparent: white };

/** A colour in six hexadecimal digits, where it is written so that this is easily told; nearly white is white. */
function plainColor(value: string): string {
  const known = named[value];
  if (known) return known;
  const short = /^#([\da-f])([\da-f])([\da-f])[\da-f]?$/.exec(value);
  const long = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})(?:[\da-f]{2})?$/.exec(value);
  const parts = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)/.exec(value);
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
}

/** What a page without a style stands on. */
export const whitePage: Ground = { color: white };

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
  const isEmpty = ['height', 'max-height', 'width'].some((side) => (pixels(value(side)) ?? 2) <= 1);
  return isEmpty && value('overflow') === 'hidden';
}

/** Whether what is declared hides the element, and the ground that its content stands on. */
export function judgeStyle(
  declarations: string,
  around: Ground,
): { readonly isHidden: boolean; readonly ground: Ground } {
  if (declarations === '') return { isHidden: false, ground: around };
  const value = (property: string) => valueOf(declarations, property);
  const background = value('background-color') ?? value('background');
  const isNone = background === undefined || /^(?:none|inherit|initial|unset|transparent)\b/.test(background);
  const ground = isNone ? around : { color: plainColor(background) };
  const color = value('color');
  const size = value('font-size') ?? /(?:^|\s)(\d\S*?)(?:\/\S+)?\s/.exec(value('font') ?? '')?.[1];
  const isHidden =
    value('display') === 'none' ||
    /^(?:hidden|collapse)$/.test(value('visibility') ?? '') ||
    isZero(size) ||
    (pixels(size) ?? 16) <= unseenPx ||
    Number(value('opacity') ?? 1) < 0.05 ||
    (color !== undefined && plainColor(color) === ground.color) ||
    isOutOfSight(declarations);
  return { isHidden, ground: ground.color === around.color ? around : ground };
}
