/** Word documents: the paragraphs, tables and notes of the current version of the text. */
import type { ExtractedText, ImportOptions } from './import-document';
import { elementsNamed, parseXml } from './xml';
import type { ZipArchive } from './zip';

/** Elements whose text is not part of what a reader sees: deleted or moved away, or a second form of the same. */
const skipped = new Set([
  'del',
  'moveFrom',
  'Fallback',
  'instrText',
  'delText',
  'rubyPr',
  'rt',
  'pPr',
  'rPr',
  'tblPr',
  'sectPr',
]);

/** What single elements stand for. */
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  br: '\n',
  cr: '\n',
  noBreakHyphen: '-',
  ptab: '\t',
};

function isListItem(paragraph: Element): boolean {
  const properties = [...paragraph.children].find(({ localName }) => localName === 'pPr');
  return properties !== undefined && elementsNamed(properties, 'numPr').length > 0;
}

const attribute = (element: Element, localName: string): string | null =>
  [...element.attributes].find((candidate) => candidate.localName === localName)?.value ?? null;

/** Text under `root`, with an empty line between paragraphs and bars between the cells of a row. */
function wordText(root: Element): string {
  const parts: string[] = [];
  /** How many table cells are open: their paragraphs stay in the line of their row. */
  let cellDepth = 0;
  let node: Element = root;
  const enter = (element: Element): boolean => {
    const { localName } = element;
    if (skipped.has(localName)) return false;
    if (localName === 't') {
      parts.push(element.textContent ?? '');
      return false;
    }
    const character = characters[localName];
    if (character !== undefined) parts.push(cellDepth > 0 ? ' ' : character);
    if (localName === 'tc' && cellDepth++ === 0 && element.previousElementSibling?.localName === 'tc')
      parts.push(' | ');
    if (localName === 'p' && cellDepth === 0 && isListItem(element)) parts.push('- ');
    if (localName === 'footnoteReference' || localName === 'endnoteReference') {
      parts.push(`[${attribute(element, 'id')}]`);
    }
    return true;
  };
  const leave = ({ localName }: Element): void => {
    if (localName === 'tc' && --cellDepth === 0 && parts.at(-1) === ' ') parts.pop();
    if (localName === 'p') parts.push(cellDepth > 0 ? ' ' : '\n\n');
    if (localName === 'tr' && cellDepth === 0) parts.push('\n');
    if (localName === 'tbl' && cellDepth === 0) parts.push('\n');
  };
  // Without recursion, because hostile documents nest without end.
  for (;;) {
    const isEntered = enter(node);
    if (isEntered && node.firstElementChild) {
      node = node.firstElementChild;
      continue;
    }
    if (isEntered) leave(node);
    while (!node.nextElementSibling || node === root) {
      if (node === root) return parts.join('');
      node = node.parentElement!;
      leave(node);
    }
    node = node.nextElementSibling;
  }
}

async function readNotes(
  archive: ZipArchive,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const bytes = await archive.read(name, signal);
  if (!bytes) return '';
  return [...parseXml(bytes).documentElement.children]
    .filter((note) => attribute(note, 'type') === null)
    .map((note) => `[${attribute(note, 'id')}] ${wordText(note).trim()}`)
    .join('\n\n');
}

/** @throws ImportError; the signal's reason when aborted */
export async function readDocx(archive: ZipArchive, { signal }: ImportOptions): Promise<ExtractedText> {
  const name = [...archive.names].find((candidate) => /^word\/document\d*\.xml$/i.test(candidate))!;
  const body = parseXml((await archive.read(name, signal))!).documentElement;
  const notes = [
    await readNotes(archive, 'word/footnotes.xml', signal),
    await readNotes(archive, 'word/endnotes.xml', signal),
  ];
  const properties = await archive.read('docProps/core.xml', signal);
  const titles = properties
    ? elementsNamed(parseXml(properties), 'title').map(({ textContent }) => textContent)
    : [];
  return { text: [wordText(body), ...notes].join('\n\n'), titles };
}
