/** MathML and Word's OMML on one line: 3^4, 1/2, √(x): pure. */
import { bracketed, lowered, raised, stacked } from '../text/raised';
import {
  attributeOf,
  childNamed,
  elementsOf,
  isElement,
  isText,
  localName,
  type AnyNode,
  type Element,
} from './tree';

/** Formulas nest a little; what nests deeper is read as the text in it. */
const maxDepth = 60;

/** Parts that are no part of a formula's text. */
const skipped = new Set([
  'annotation',
  'annotation-xml',
  'rPr',
  'ctrlPr',
  'fPr',
  'sSupPr',
  'sSubPr',
  'dPr',
  'radPr',
]);

function bare(element: Element, depth: number): string {
  if (depth > maxDepth) return '';
  return element.children.map((child) => mathNode(child, depth + 1)).join('');
}

function mathNode(node: AnyNode, depth: number): string {
  if (isText(node)) return node.data.replace(/\s+/g, ' ').trim();
  if (!isElement(node) || skipped.has(localName(node))) return '';
  const parts = elementsOf(node);
  const named = (name: string) => {
    const part = parts.find((child) => localName(child) === name);
    return part ? bare(part, depth) : '';
  };
  const at = (index: number) => (parts[index] ? mathNode(parts[index], depth + 1) : '');
  const up = (base: string, over: string) => bracketed(base) + power(over);
  switch (localName(node)) {
    case 'mfrac':
      return fraction(at(0), at(1), /^0(?!\.\d)/.test(attributeOf(node, 'linethickness') ?? ''));
    case 'msup':
      return up(at(0), at(1));
    case 'mover':
      return operator(up(at(0), at(1)), at(0));
    case 'msub':
      return at(0) + lowered(at(1), at(0));
    case 'munder':
      return operator(at(0) + lowered(at(1), at(0)), at(0));
    case 'msubsup':
    case 'munderover':
      return operator(at(0) + lowered(at(1), at(0)) + power(at(2)), at(0));
    case 'mmultiscripts':
      return multiscripts(parts, at);
    case 'mfenced': {
      const [open, close] = [attributeOf(node, 'open') ?? '(', attributeOf(node, 'close') ?? ')'];
      const separator = (attributeOf(node, 'separators') ?? ',').trim().slice(0, 1) || ' ';
      return open + parts.map((part) => mathNode(part, depth + 1)).join(`${separator} `) + close;
    }
    case 'mtext':
      return ` ${bare(node, depth)} `;
    case 'mspace':
      return ' ';
    case 'msqrt':
      return `√${bracketed(bare(node, depth))}`;
    case 'mroot':
      return `${at(1)}√${bracketed(at(0))}`;
    case 'mtable':
    case 'm':
      return `[${parts.map((row) => mathNode(row, depth + 1)).join('; ')}]`;
    case 'mtr':
    case 'mr':
      return parts.map((cell) => mathNode(cell, depth + 1)).join(', ');
    case 'mo': {
      const sign = bare(node, depth);
      // What stands between a function and what it is of is seen as a gap.
      if (sign === '\u2061') return ' ';
      return /^[=+−<>≤≥≈×·±-]$/.test(sign) ? ` ${sign} ` : sign;
    }
    case 'f':
      return fraction(named('num'), named('den'), valueOf(node, 'fPr', 'type') === 'noBar');
    case 'sPre':
      return scripts(named('sub'), named('sup')) + named('e');
    case 'func':
      return `${named('fName')} ${named('e')}`;
    case 'limLow':
      return `${named('e')}${lowered(named('lim'), '∑')} `;
    case 'limUpp':
      return `${up(named('e'), named('lim'))} `;
    case 'eqArr':
      return parts
        .filter((part) => localName(part) === 'e')
        .map((part) => bare(part, depth))
        .join('; ');
    case 'sSup':
      return up(named('e'), named('sup'));
    case 'sSub':
      return named('e') + lowered(named('sub'), named('e'));
    case 'sSubSup':
      return named('e') + lowered(named('sub'), named('e')) + power(named('sup'));
    case 'rad':
      return `${named('deg')}√${bracketed(named('e'))}`;
    case 'd': {
      const own = (name: string) => valueOf(node, 'dPr', name);
      const content = parts.filter((part) => localName(part) === 'e').map((part) => bare(part, depth));
      return (own('begChr') ?? '(') + content.join(` ${own('sepChr') ?? '|'} `) + (own('endChr') ?? ')');
    }
    case 'nary': {
      const [from, to] = [named('sub'), named('sup')];
      return `${valueOf(node, 'naryPr', 'chr') ?? '∫'}${from && lowered(from, '∑')}${to && power(to)} ${named('e')}`;
    }
    default:
      return bare(node, depth);
  }
}

/** What the properties of a part of OMML say. */
const valueOf = (node: Element, properties: string, name: string) => {
  const holder = childNamed(node, properties);
  return holder && attributeOf(childNamed(holder, name), 'val');
};

/** One over the other without a line between them is no division. */
const fraction = (over: string, under: string, hasNoBar: boolean) =>
  hasNoBar ? `(${over.trim()} over ${under.trim()})` : stacked(over, under);

/** A sum or limit with what stands over and under it, apart from what it is of. */
const operator = (text: string, base: string) =>
  /^(?:[∑∏∐∫-∳⋀-⋃⨀-⨆]|\p{L}{2,})$/u.test(base.trim()) ? `${text} ` : text;

/** Figures before or behind a letter, at its foot and head; a gap where they end keeps them from what follows. */
const scripts = (below: string, above: string) =>
  (above && power(above)) + (below && `${lowered(below, '∑')} `);

function multiscripts(parts: readonly Element[], at: (index: number) => string): string {
  const divide = parts.findIndex((part) => localName(part) === 'mprescripts');
  const end = divide < 0 ? parts.length : divide;
  const pairs = (from: number, to: number) => {
    let text = '';
    for (let i = from; i < to; i += 2) text += scripts(at(i), i + 1 < to ? at(i + 1) : '');
    return text;
  };
  return `${divide < 0 ? '' : pairs(divide + 1, parts.length)}${at(0)}${pairs(1, end)}`;
}

/** After a formula's base nothing raised is a note. */
const power = (text: string) => (text.trim() === '' ? '' : raised(text, '0'));

/** The formula under `root` as text. */
export function mathText(root: Element): string {
  return bare(root, 0).replace(/\s+/g, ' ').trim();
}
