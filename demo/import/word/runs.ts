/** What of the elements of a Word document is text, and which runs of letters stand side by side: pure. */
import { elementsNamed, elementsOf, isElement, localName, textOf, type Element } from '../markup/tree';
import { withoutMarks } from '../text/tidy-text';

/** Elements whose text is not part of what a reader sees: deleted or moved away, or a second form of the same. */
export const skipped = new Set([
  'del',
  'moveFrom',
  'Fallback',
  'instrText',
  'delText',
  'delInstrText',
  'pPr',
  'rPr',
  'tblPr',
  'tcPr',
  'trPr',
  'tblGrid',
  'sectPr',
  'sdtPr',
  'pPrChange',
]);

/** What single elements stand for. */
export const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  br: '\n',
  cr: '\n',
  noBreakHyphen: '-',
  softHyphen: '',
  ptab: '\t',
};

/** The letters of a run, or of what holds runs. */
export const runText = (holder: Element | undefined) =>
  holder
    ? elementsNamed(holder, 't')
        .map((part) => withoutMarks(textOf(part)))
        .join('')
    : '';

/** The run right beside another one, whatever marks without text stand between them. */
export function neighbour(run: Element, direction: 'prev' | 'next'): Element | undefined {
  let node = run[direction];
  while (node) {
    if (isElement(node) && localName(node) === 'r') return node;
    const isMark = !isElement(node) || /^(?:proofErr|bookmark(?:Start|End))$/.test(localName(node));
    if (!isMark) return undefined;
    node = node[direction];
  }
  return undefined;
}

/** Whether anything of a paragraph is still there. */
export const hasOwnText = (paragraph: Element) =>
  elementsNamed(paragraph, 't').some((text) => {
    if (textOf(text).trim() === '') return false;
    for (let node = text.parent; node && node !== paragraph; node = node.parent)
      if (isElement(node) && localName(node) === 'moveFrom') return false;
    return true;
  });

/** Whether the properties of a paragraph's mark or of a row say that it is deleted. */
export const isDeletedMark = (properties: Element | undefined) =>
  properties !== undefined && elementsOf(properties).some((one) => /^(?:del|moveFrom)$/.test(localName(one)));
