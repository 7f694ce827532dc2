/** MathML and Word's OMML on one line: 3^4, 1/2, √(x): pure. */
import { bracketed, lowered, raised, stacked } from '../text/raised';
import { attributeOf, elementsOf, isElement, isText, localName, type AnyNode, type Element } from './tree';

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
      return stacked(at(0), at(1));
    case 'msup':
    case 'mover':
      return up(at(0), at(1));
    case 'msub':
    case 'munder':
      return at(0) + lowered(at(1), at(0));
    case 'msubsup':
    case 'munderover':
      return at(0) + lowered(at(1), at(0)) + power(at(2));
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
      const operator = bare(node, depth);
      return /^[=+−<>≤≥≈×·±-]$/.test(operator) ? ` ${operator} ` : operator;
    }
    case 'f':
      return stacked(named('num'), named('den'));
    case 'sSup':
      return up(named('e'), named('sup'));
    case 'sSub':
      return named('e') + lowered(named('sub'), named('e'));
    case 'sSubSup':
      return named('e') + lowered(named('sub'), named('e')) + power(named('sup'));
    case 'rad':
      return `${named('deg')}√${bracketed(named('e'))}`;
    case 'd':
      return `(${parts
        .filter((part) => localName(part) === 'e')
        .map((part) => bare(part, depth))
        .join(', ')})`;
    case 'nary': {
      const sign = elementsOf(node)
        .flatMap(elementsOf)
        .find((part) => localName(part) === 'chr');
      const [from, to] = [named('sub'), named('sup')];
      return `${attributeOf(sign, 'val') ?? '∫'}${from && lowered(from, '∑')}${to && power(to)} ${named('e')}`;
    }
    default:
      return bare(node, depth);
  }
}

/** After a formula's base nothing raised is a note. */
const power = (text: string) => (text.trim() === '' ? '' : raised(text, '0'));

/** The formula under `root` as text. */
export function mathText(root: Element): string {
  return bare(root, 0).replace(/\s+/g, ' ').trim();
}
