/** Text that a page declares to be unseen: it is how a document speaks to a model behind its reader's back. Pure. */
import { isElement, walk, textOf, type Document, type Element } from './tree';

/** What a page's own style sheets say of single classes, ids and elements; conditions of media are left out. */
export type StyleRules = ReadonlyMap<string, string>;

/** Style sheets longer than this are not gone over. */
const maxSheetChars = 1_000_000;

/** Declarations that are kept of one selector, and that are looked at for one element, in characters. */
const mostRuleChars = 2000;

/** Declarations by simple selector, as far as they may hide something. */
export function styleRules(page: Document): StyleRules {
  const rules = new Map<string, string>();
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
  if (!/display|visibility|font-size|opacity|color|background/i.test(declarations)) return;
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
function valueOf(declarations: string, property: string): string | undefined {
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

const isWhite = (color: string) =>
  /^(?:white|transparent|#fff[0-9a-f]?|#ffffff(?:[0-9a-f]{2})?|rgba?\(\s*255[\s,]+255[\s,]+255\b.*)$/.test(
    color,
  );

const isZero = (value: string | undefined) =>
  value !== undefined && /^0*\.?0+(?:px|pt|em|rem|%)?$/.test(value);

/** What of an element's surroundings decides whether white letters are seen. */
export interface Ground {
  /** Whether a background other than white is declared around it. */
  readonly isColored: boolean;
}

/** Whether what is declared hides the element, and the ground that its content stands on. */
export function judgeStyle(
  declarations: string,
  ground: Ground,
): { readonly isHidden: boolean; readonly ground: Ground } {
  if (declarations === '') return { isHidden: false, ground };
  const background = valueOf(declarations, 'background-color') ?? valueOf(declarations, 'background');
  const isOther =
    background !== undefined && !isWhite(background) && !/^(?:none|inherit|initial|unset)/.test(background);
  const isColored = isOther || (ground.isColored && !(background !== undefined && isWhite(background)));
  const color = valueOf(declarations, 'color');
  const isHidden =
    valueOf(declarations, 'display') === 'none' ||
    /^(?:hidden|collapse)$/.test(valueOf(declarations, 'visibility') ?? '') ||
    isZero(valueOf(declarations, 'font-size')) ||
    isZero(valueOf(declarations, 'opacity')) ||
    (color !== undefined && isWhite(color) && !isColored);
  return { isHidden, ground: { isColored } };
}
