/** HTML pages, as files or from the web. */
import type { ExtractedText } from '../document';
import { hiddenNote } from '../notes';
import { StyleRules } from './style-rules';
import { htmlText } from './html-text';
import {
  bodyOf,
  elementsNamed,
  isElement,
  parseHtml,
  textOf,
  walk,
  type Document,
  type Element,
} from './tree';

const countWords = (text: string) => text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;

/** Whether an element is marked as the content of its page. */
function isMarkedContent({ name, attribs }: Element): boolean {
  return name === 'main' || name === 'article' || attribs.role === 'main';
}

/** The part of a web page that is its content, where the page says which that is. */
function mainContent(page: Document): Document | Element {
  const root = bodyOf(page);
  const all = textOf(root).length;
  let found: Element | undefined;
  walk(root, (node) => {
    if (found) return false;
    if (!isElement(node) || !isMarkedContent(node)) return true;
    // What is in a part that is not most of the page is not either.
    if (textOf(node).length * 2 > all) found = node;
    return false;
  });
  if (found) return found;
  return root;
}

/**
 * @param source the whole page, decoded
 * @param sheets style sheets that came along with it
 */
export function readHtml(source: string, sheets: readonly string[] = []): ExtractedText {
  const page = parseHtml(source);
  const rules = StyleRules.of(page, sheets);
  const content = mainContent(page);
  const { text, labels, numHidden } = htmlText(content, rules);
  const notes = hiddenNote(numHidden);
  const body = bodyOf(page);
  if (content !== body) {
    const numAround = countWords(htmlText(body, rules).text) - countWords(text);
    if (numAround > 0) {
      notes.push(
        `Only the part that the page marks as its content was taken; about ${numAround} words around it were left out.`,
      );
    }
  }
  const heading = elementsNamed(page, 'h1')[0];
  const title = elementsNamed(page, 'title')[0];
  return { text, labels, titles: [title && textOf(title), heading && textOf(heading)], notes };
}
