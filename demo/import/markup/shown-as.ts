/** As what an element of a page is shown: tables, lines and raised letters may be made of any elements. Pure. */
import { valueOf } from './hidden';
import type { Element } from './tree';

const namesOf = (names: string) => new Set(names.split(' '));

/** Elements whose content is no text to read. */
export const skipped = namesOf(
  'annotation annotation-xml audio canvas datalist embed head iframe link meta nav noembed noframes noscript object rp ' +
    'script style title video',
);

/** Elements that stand apart from what is around them by an empty line. */
export const paragraphs = namesOf(
  'address article aside blockquote body center details dialog div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 ' +
    'h6 header hgroup hr listing main menu ol p pre search section summary table ul xmp',
);

/** Elements that begin a line of their own; `block` is any element that is shown as one. */
export const lines = namesOf('block br caption dd dt legend li option');

/** Elements that do not touch what is beside them; `inline-block` is any element that is shown as one. */
export const apart = namesOf('button inline-block meter output progress');

/** Elements that are not read further where letters are unseen. */
export const unseenLeaves = namesOf(
  'area br button dialog hr img input math rt select svg template textarea',
);

/** Words that are seen as no longer true. */
export const struck = namesOf('del s strike');

/** Elements that style sheets and roles make others of. */
const plain = namesOf('a abbr b bdi cite code em font i label s small span strong time tt u var');

/** What roles stand for. */
const roles: Readonly<Record<string, string>> = {
  table: 'table',
  grid: 'table',
  treegrid: 'table',
  row: 'tr',
  cell: 'td',
  gridcell: 'td',
  columnheader: 'th',
  rowheader: 'th',
};

const displays: Readonly<Record<string, string>> = {
  table: 'table',
  'inline-table': 'table',
  'table-row': 'tr',
  'table-cell': 'td',
  block: 'block',
  flex: 'block',
  grid: 'block',
  'list-item': 'block',
  'inline-block': 'inline-block',
  'inline-flex': 'inline-block',
};

/** Places of letters off the line that are `sup` or `sub`. */
function raisedAs(place: string): string | undefined {
  if (place === 'super' || place === 'sub') return place === 'super' ? 'sup' : 'sub';
  const shift = /^(-?)\d*\.?\d+(?:em|ex|px|pt|rem|%)$/.exec(place);
  if (!shift || Number.parseFloat(place) === 0) return undefined;
  return shift[1] === '-' ? 'sub' : 'sup';
}

/** The name of the element that this one is shown as; mostly its own. @param declarations what style sheets say of it */
export function shownName({ name: given, attribs }: Element, declarations: string): string {
  const name = given.toLowerCase();
  const isPlain = plain.has(name) || name.includes('-');
  if (!isPlain && name !== 'div') return name;
  const role = roles[attribs.role ?? ''];
  if (role !== undefined) return role;
  if (declarations === '') return name;
  const display = displays[valueOf(declarations, 'display') ?? ''];
  // A block is shown as blocks are.
  if (display !== undefined && !(name === 'div' && display.includes('block'))) return display;
  return (isPlain ? raisedAs(valueOf(declarations, 'vertical-align') ?? '') : undefined) ?? name;
}
