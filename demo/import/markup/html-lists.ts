/** Numbers of the items of HTML lists: pure. */
import { itemMarker } from '../text/numbering';
import { valueOf } from './hidden';
import { isElement, type Element } from './tree';

/** A list that is open. */
export interface OpenList {
  readonly type: string | undefined;
  readonly isOrdered: boolean;
  readonly step: 1 | -1;
  next: number;
}

/** Types of `ol` as style sheets name them; `none` shows no numbers. */
const styles: Readonly<Record<string, string>> = {
  none: 'none',
  'lower-alpha': 'a',
  'lower-latin': 'a',
  'upper-alpha': 'A',
  'upper-latin': 'A',
  'lower-roman': 'i',
  'upper-roman': 'I',
  decimal: '1',
  disc: 'bullet',
  circle: 'bullet',
  square: 'bullet',
};

/** The type that style sheets name for a list or an item. */
function declaredType(declarations: string): string | undefined {
  const value = valueOf(declarations, 'list-style-type') ?? valueOf(declarations, 'list-style') ?? '';
  return value
    .split(/\s+/)
    .map((word) => styles[word])
    .find((type) => type !== undefined);
}

/** @param declarations what style sheets say of the list */
export function openList({ attribs, children }: Element, isOrdered: boolean, declarations: string): OpenList {
  const isReversed = 'reversed' in attribs;
  const start = Number.parseInt(attribs.start ?? '', 10);
  const numItems = children.filter((child) => isElement(child) && child.name === 'li').length;
  const first = Number.isInteger(start) ? start : isReversed ? numItems : 1;
  const type = declaredType(declarations) ?? attribs.type;
  return { type, isOrdered, step: isReversed ? -1 : 1, next: first };
}

/** What stands before the next item of a list; empty where nothing does. */
export function nextMarker(list: OpenList | undefined, item: Element, declarations: string): string {
  if (!list?.isOrdered) return '- ';
  const own = Number.parseInt(item.attribs.value ?? '', 10);
  if (Number.isInteger(own)) list.next = own;
  const type = declaredType(declarations) ?? item.attribs.type ?? list.type;
  const marker = itemMarker(list.next, type);
  list.next += list.step;
  if (type === 'none') return '';
  return type === 'bullet' ? '- ' : `${marker} `;
}
