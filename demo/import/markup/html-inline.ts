/** What elements within lines of a page stand for: note marks, fractions, buttons that are headings, and words of drawings. Pure. */
import { isElement, isText, localName, textOf, walk, type Element } from './tree';

/** Elements of drawings whose text is seen or told to who does not see. */
const drawingTexts = new Set(['title', 'text', 'desc', 'foreignObject', 'foreignobject']);

/** Elements whose buttons are headings that open what is under them. */
const buttonHolders = new Set('h1 h2 h3 h4 h5 h6 summary dt td th'.split(' '));

/** A figure that is a link right behind a word leads to a note. @param before the letter before the link */
export function noteMarkOf(link: Element, before: string): string | undefined {
  const { href = '' } = link.attribs;
  if (!href.includes('#') || !/[\p{L}\p{N}\p{P}]/u.test(before) || /[[(]/.test(before)) return undefined;
  const text = textOf(link).trim();
  return /^(?:\d{1,3}|[*†‡§])$/.test(text) ? `[${text}]` : undefined;
}

/** The words of a drawing, one for each text element. */
export function wordsOfDrawing(svg: Element): string[] {
  const texts: string[] = [];
  walk(svg, (node) => {
    if (!isElement(node) || !drawingTexts.has(localName(node))) return true;
    const text = textOf(node).replace(/\s+/g, ' ').trim();
    if (text !== '') texts.push(text);
    return false;
  });
  return texts;
}

/** Headings of parts that open are buttons; others do something in a page that is gone. */
export function isHeadingButton(button: Element): boolean {
  for (let node = button.parent; node && isElement(node); node = node.parent)
    if (buttonHolders.has(node.name)) return true;
  return false;
}

/** What stands under the line of a fraction that is written as `<sup>1</sup>/<sub>2</sub>`. */
export function denominatorOf({ next }: Element): Element | undefined {
  const under = next && isText(next) && /^\s*[/⁄]\s*$/.test(next.data) ? next.next : undefined;
  return under && isElement(under) && under.name === 'sub' ? under : undefined;
}
