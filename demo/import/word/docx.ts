/** Word documents: the current version of the text, with what stands around it: notes, comments, heads and feet. */
import type { ZipArchive } from '../bytes/zip';
import type { ExtractedText, ImportOptions } from '../document';
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  localName,
  parseXml,
  textOf,
  type Document,
  type Element,
} from '../markup/tree';
import { changesNote, embeddedNote, hiddenNote } from '../notes';
import { chartText, diagramText } from '../office/drawing-text';
import { Parts, rootOf } from '../office/parts';
import { withoutMarks } from '../text/tidy-text';
import { NoteNumbers, type NoteKind } from './note-numbers';
import { WordNumbering } from './numbering';
import { WordStyles } from './styles';
import { wordText, type WordContext } from './word-text';

const mainPart = (archive: ZipArchive) =>
  [...archive.names].find((name) => /^word\/document\d*\.xml$/i.test(name));

/** Foot- or endnotes, as numbered in the text. */
function notesText(part: Document | undefined, kind: NoteKind, context: WordContext): string {
  if (!part) return '';
  return elementsOf(rootOf(part))
    .filter((note) => attributeOf(note, 'type') === undefined)
    .map((note) => {
      const id = attributeOf(note, 'id') ?? '';
      return { number: context.noteNumbers[kind].of(id) ?? id, text: wordText(note, context).trim() };
    })
    .filter(({ text }) => text !== '')
    .map(({ number, text }) => `[${number}] ${text}`)
    .join('\n\n');
}

function commentsText(part: Document | undefined, context: WordContext): string {
  if (!part) return '';
  return elementsNamed(part, 'comment')
    .map((comment) => {
      const author = attributeOf(comment, 'author')?.trim();
      return `[Comment${author ? ` by ${withoutMarks(author)}` : ''}] ${wordText(comment, context).trim()}`;
    })
    .join('\n\n');
}

/** Heads or feet of pages, each text once; page numbers alone are none. */
async function marginText(
  parts: Parts,
  pattern: RegExp,
  what: string,
  context: WordContext,
): Promise<string> {
  const texts = new Set<string>();
  for (const name of parts.named(pattern)) {
    const part = await parts.read(name, `${what}s`);
    const text = part ? wordText(rootOf(part), context).trim() : '';
    if (/\p{L}|\d{3}/u.test(text)) texts.add(text);
  }
  return [...texts].map((text) => `[${what}] ${text}`).join('\n\n');
}

/** Charts and diagrams of a part as text, by the ids that it has for them. */
async function graphicsOf(parts: Parts, name: string): Promise<Map<string, string>> {
  const graphics = new Map<string, string>();
  for (const [id, { type, target }] of await parts.relationsOf(name)) {
    if (type !== 'chart' && type !== 'diagramData') continue;
    const part = await parts.read(target, 'charts and diagrams');
    if (part) graphics.set(id, type === 'chart' ? chartText(part) : `[Diagram]\n${diagramText(part)}`);
  }
  return graphics;
}

/** @throws ImportError; the signal's reason when aborted */
export async function readDocx(archive: ZipArchive, { signal }: ImportOptions): Promise<ExtractedText> {
  const parts = new Parts(archive, signal);
  const main = mainPart(archive)!;
  const bytes = (await archive.read(main, signal))!;
  const body = rootOf(
    parseXml(bytes, () =>
      parts.notes.push('The file is cut off or damaged; what could be read of it is here.'),
    ),
  );
  // What is said of the whole document counts before what its sections say.
  const settings = [await parts.read('word/settings.xml'), body];
  const context: WordContext = {
    numbering: new WordNumbering(await parts.read('word/numbering.xml', 'numbers of lists')),
    styles: new WordStyles(await parts.read('word/styles.xml', 'styles')),
    labels: [],
    noteNumbers: {
      footnote: new NoteNumbers('footnote', settings),
      endnote: new NoteNumbers('endnote', settings),
    },
    graphics: await graphicsOf(parts, main),
    counts: { numHidden: 0, numUnknownSymbols: 0, numEmbedded: 0 },
  };
  // The order counts: notes are numbered by their marks in the text.
  const head = await marginText(parts, /^word\/header\d*\.xml$/i, 'Page header', {
    ...context,
    labels: [],
    graphics: new Map(),
  });
  const text = wordText(body, context);
  const beside: WordContext = { ...context, labels: [], graphics: new Map() };
  const rest = [
    notesText(await parts.read('word/footnotes.xml', 'footnotes'), 'footnote', beside),
    notesText(await parts.read('word/endnotes.xml', 'endnotes'), 'endnote', beside),
    commentsText(await parts.read('word/comments.xml', 'comments'), beside),
    await marginText(parts, /^word\/footer\d*\.xml$/i, 'Page footer', beside),
  ].map(withoutMarks);
  const properties = await parts.read('docProps/core.xml', 'properties');
  const numChanges = elementsNamed(body, 'del', 'moveFrom').filter(
    (change) => localName(change.parent as Element) !== 'rPr',
  ).length;
  return {
    text: [withoutMarks(head), text, ...rest].filter((part) => part !== '').join('\n\n'),
    labels: context.labels,
    titles: properties ? elementsNamed(properties, 'title').map(textOf) : [],
    notes: [
      ...parts.notes,
      ...hiddenNote(context.counts.numHidden),
      ...changesNote(numChanges),
      ...embeddedNote(context.counts.numEmbedded),
      ...(context.counts.numUnknownSymbols > 0
        ? [`${context.counts.numUnknownSymbols} symbols of a font that is not known here stand as \ufffd.`]
        : []),
    ],
  };
}
