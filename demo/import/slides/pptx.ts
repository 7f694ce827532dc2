/** PowerPoint's presentations: slides in the order in which they are shown, with the speaker's notes and comments. */
import type { ZipArchive } from '../bytes/zip';
import { placeMark, type ExtractedText, type ImportOptions } from '../document';
import { ImportError } from '../import-error';
import { attributeOf, childNamed, elementsNamed, textOf, type Document, type Element } from '../markup/tree';
import { damageNote, hiddenNote, leftOutNote, listNumbers } from '../notes';
import { drawnText } from '../office/drawing-text';
import { Parts, rootOf } from '../office/parts';
import { withoutMarks } from '../text/tidy-text';
import { slideText, speakerNotes } from './slide-text';

/** Slides that a presentation may have. */
const maxSlides = 5000;

const mainPart = 'ppt/presentation.xml';

/** Names of the slides' parts, as they follow each other; by their numbers where the presentation does not say. */
async function slidesOf(parts: Parts): Promise<string[]> {
  const presentation = await parts.read(mainPart, 'order of the slides');
  const relations = await parts.relationsOf(mainPart);
  const listed = (presentation ? elementsNamed(presentation, 'sldId') : []).flatMap(
    (slide) => relations.get(attributeOf(slide, 'r:id') ?? '')?.target ?? [],
  );
  return listed.length > 0 ? listed : parts.named(/^ppt\/slides\/slide\d+\.xml$/i);
}

/** Names of those who commented, by their ids. */
async function authorsOf(parts: Parts): Promise<ReadonlyMap<string, string>> {
  const authors = new Map<string, string>();
  for (const name of parts.named(/^ppt\/(?:commentAuthors|authors)\.xml$/i)) {
    const part = await parts.read(name, 'names of commenters');
    for (const author of part ? elementsNamed(part, 'cmAuthor', 'author') : []) {
      authors.set(attributeOf(author, 'id') ?? '', attributeOf(author, 'name') ?? '');
    }
  }
  return authors;
}

/** Comments and the answers to them, a line each. */
function commentsText(part: Document, authors: ReadonlyMap<string, string>): string {
  const textOfComment = (comment: Element) => {
    const plain = childNamed(comment, 'text');
    const body = childNamed(comment, 'txBody');
    return plain ? textOf(plain).trim() : body ? drawnText(body) : '';
  };
  return elementsNamed(part, 'cm', 'reply')
    .map((comment) => ({
      author: authors.get(attributeOf(comment, 'authorId') ?? '')?.trim() ?? '',
      text: withoutMarks(textOfComment(comment)),
    }))
    .filter(({ text }) => text !== '')
    .map(({ author, text }) => `[Comment${author ? ` by ${author}` : ''}] ${text}`)
    .join('\n');
}

/** @throws ImportError; the signal's reason when aborted */
export async function readPptx(
  archive: ZipArchive,
  { signal, onProgress }: ImportOptions,
): Promise<ExtractedText> {
  const parts = new Parts(archive, signal);
  const names = await slidesOf(parts);
  if (names.length > maxSlides) {
    throw new ImportError(
      'too-large',
      `This presentation has ${names.length} slides, more than can be read here.`,
      'Split it, then choose the part that you want to ask about.',
    );
  }
  const authors = await authorsOf(parts);
  const texts: string[] = [];
  const labels: string[] = [];
  const margins = new Set<string>();
  const empty: number[] = [];
  const hidden: number[] = [];
  const embedding: number[] = [];
  let [numHidden, numDamaged] = [0, 0];
  for (const [index, name] of names.entries()) {
    const number = index + 1;
    onProgress?.({ phase: 'reading', unit: 'slides', numDone: number, numTotal: names.length });
    const slide = await parts.read(name);
    if (!slide) {
      numDamaged++;
      continue;
    }
    // What is not shown is not part of the presentation that people saw.
    if (/^(?:0|false)$/.test(attributeOf(rootOf(slide), 'show') ?? '')) {
      hidden.push(number);
      continue;
    }
    const relations = await parts.relationsOf(name);
    const said = await slideText(slide, relations, parts);
    const { title, blocks } = said;
    numHidden += said.numHidden;
    if (said.numObjects > 0) embedding.push(number);
    for (const text of said.margins) margins.add(text);
    const beside: string[] = [];
    for (const { type, target } of relations.values()) {
      if (type !== 'notesSlide' && type !== 'comments') continue;
      const part = await parts.read(target, type === 'comments' ? 'comments' : 'notes of slides');
      const text = part && (type === 'comments' ? commentsText(part, authors) : speakerNotes(part));
      if (text) beside.push(type === 'comments' ? text : `[Speaker notes] ${text}`);
    }
    if (blocks.length + beside.length === 0) {
      empty.push(number);
      continue;
    }
    labels.push(title ? `slide ${number} · ${title}` : `slide ${number}`);
    texts.push(placeMark + [...blocks, ...beside].map(withoutMarks).join('\n\n'));
  }
  if (names.length > 0 && numDamaged === names.length) {
    throw new ImportError(
      'damaged',
      'None of the slides of this presentation can be read.',
      'Open it in the program that it is for, save it as PDF, then choose that file.',
    );
  }
  const properties = await parts.read('docProps/core.xml', 'properties');
  const feet = [...margins].map((text) => `[Page footer] ${withoutMarks(text)}`);
  return {
    text: [...texts, ...feet].join('\n\n'),
    labels,
    titles: properties ? elementsNamed(properties, 'title').map(textOf) : [],
    notes: [
      ...parts.notes,
      ...damageNote(numDamaged, names.length, 'slides'),
      ...leftOutNote(hidden, 'hidden slide', 'hidden slides'),
      ...hiddenNote(numHidden),
      ...(embedding.length > 0
        ? [`Objects of other programs, such as sheets, are not read (slides ${listNumbers(embedding)}).`]
        : []),
      ...(empty.length > 0
        ? [`Slides without text, which may be pictures: ${listNumbers(empty)} of ${names.length}.`]
        : []),
    ],
  };
}
