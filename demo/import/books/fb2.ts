/** FictionBook: one XML file with the book's sections, its notes, and pictures as letters. */
import type { ExtractedText } from '../document';
import { raised } from '../text/raised';
import { tableText, type TableCell } from '../text/table-text';
import { TextWriter } from '../text/text-writer';
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  isElement,
  isText,
  localName,
  parseXml,
  textOf,
  walk,
  type Element,
} from '../markup/tree';

const blocks = new Set('p v subtitle text-author date epigraph cite poem stanza annotation'.split(' '));

const collapsed = (element: Element | undefined) =>
  element ? textOf(element).replace(/\s+/g, ' ').trim() : '';

function rowsOf(table: Element): TableCell[][] {
  return elementsNamed(table, 'tr').map((row) =>
    elementsOf(row).map((cell) => ({
      text: collapsed(cell),
      columnSpan: Number(attributeOf(cell, 'colspan') ?? 1) || 1,
      rowSpan: Number(attributeOf(cell, 'rowspan') ?? 1) || 1,
    })),
  );
}

function writeBody(body: Element, writer: TextWriter, labels: string[]): void {
  const enter = (element: Element): boolean => {
    const name = localName(element);
    if (name === 'title') {
      const paragraphs = elementsNamed(element, 'p').map(collapsed);
      labels.push(paragraphs.join(' '));
      writer.break(2);
      writer.markPlace();
      writer.write(paragraphs.join(' · '));
      writer.break(2);
      return false;
    }
    if (name === 'table') {
      writer.break(2);
      writer.writeWritten(tableText(rowsOf(element)));
      writer.break(2);
      return false;
    }
    if (name === 'sup' || (name === 'a' && attributeOf(element, 'type') === 'note')) {
      writer.write(raised(textOf(element), writer.lastWord || writer.lastCharacter, name === 'a'));
      return false;
    }
    if (name === 'image') {
      const description = attributeOf(element, 'alt');
      if (description) writer.write(` [Picture: ${description}] `);
      return false;
    }
    if (name === 'empty-line') writer.break(2);
    else if (blocks.has(name)) writer.break(name === 'v' ? 1 : 2);
    return true;
  };
  walk(
    body,
    (node) => {
      if (isText(node)) writer.write(node.data);
      return isElement(node) ? enter(node) : true;
    },
    (node) => {
      if (isElement(node) && (blocks.has(localName(node)) || localName(node) === 'section')) {
        writer.break(localName(node) === 'v' ? 1 : 2);
      }
    },
  );
  writer.break(2);
}

/** @throws ImportError `damaged` when it is no XML at all */
export function readFictionBook(bytes: Uint8Array): ExtractedText {
  const notes: string[] = [];
  const book = parseXml(bytes, () =>
    notes.push('The file is cut off or damaged; what could be read of it is here.'),
  );
  const writer = new TextWriter();
  const labels: string[] = [];
  for (const body of elementsNamed(book, 'body')) writeBody(body, writer, labels);
  const title = elementsNamed(book, 'book-title')[0];
  return { text: writer.toString(), labels, titles: [collapsed(title)], notes };
}
