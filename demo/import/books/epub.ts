/** EPUB books: the chapters in reading order. Scripts, fonts and pictures are never unpacked. */
import { declaredEncoding, decodeText } from '../bytes/decode-text';
import type { ZipArchive } from '../bytes/zip';
import { placeMark, type ExtractedText, type ImportOptions } from '../document';
import { ImportError } from '../import-error';
import { StyleRules } from '../markup/style-rules';
import { htmlText } from '../markup/html-text';
import {
  attributeOf,
  bodyOf,
  elementsNamed,
  parseHtml,
  parseXml,
  textOf,
  type Document,
} from '../markup/tree';
import { damageNote, hiddenNote } from '../notes';
import { withoutMarks } from '../text/tidy-text';

/** Chapters that a book may have: real ones have hundreds. */
const maxChapters = 5000;

/** Media types whose parts are pages to read. */
const pageTypes =
  /^(?:application\/xhtml\+xml|text\/html|application\/x-dtbook\+xml|text\/x-oeb1-document|image\/svg\+xml|application\/xml|text\/xml)$/i;

/** One file of the book. */
interface Item {
  readonly name: string;
  readonly mediaType: string;
  readonly fallback: string | undefined;
}

/** A page of the reading order. */
interface SpinePage {
  readonly name: string;
  readonly isLinear: boolean;
}

const damaged = (what: string) =>
  new ImportError('damaged', `This book is damaged: ${what}.`, 'Download it again, then choose that file.');

/** The entry that `href` means, seen from the entry `from`; undefined when it leads out of the archive. */
export function resolveEntry(from: string, href: string): string | undefined {
  const base = 'zip://book/';
  if (/^[a-z][a-z\d+.-]*:/i.test(href)) return undefined;
  const url = new URL(href, base + from.split('/').map(encodeURIComponent).join('/'));
  try {
    return decodeURIComponent(url.href.slice(base.length).replace(/[?#].*$/, ''));
  } catch {
    // No percent-encoded UTF-8: no archive has such a name.
    return undefined;
  }
}

/** The name that an entry really has: as it is written, in composed letters, or in another case. */
function findEntry(archive: ZipArchive, names: readonly string[]): string | undefined {
  const exact = names.find((name) => archive.has(name));
  if (exact !== undefined) return exact;
  // Some programs write paths as Windows does.
  const plain = (name: string) => name.normalize('NFC').toLowerCase().replaceAll('\\', '/');
  for (const same of [(name: string) => name.normalize('NFC'), plain]) {
    const wanted = new Set(names.map(same));
    for (const name of archive.names) if (wanted.has(same(name))) return name;
  }
  return undefined;
}

/** Names of entries that are encrypted; what only hides fonts does not matter, since no font is read. */
async function encryptedEntries(archive: ZipArchive): Promise<Set<string>> {
  const bytes = await archive.read('META-INF/encryption.xml');
  if (!bytes) return new Set();
  const references = elementsNamed(parseXml(bytes), 'CipherReference');
  return new Set(references.map((reference) => resolveEntry('', attributeOf(reference, 'URI') ?? '') ?? ''));
}

function readItems(book: Document): Map<string, Item> {
  return new Map(
    elementsNamed(book, 'item').map((item) => [
      attributeOf(item, 'id') ?? '',
      {
        name: attributeOf(item, 'href') ?? '',
        mediaType: (attributeOf(item, 'media-type') ?? '').trim(),
        fallback: attributeOf(item, 'fallback'),
      },
    ]),
  );
}

/** The page that stands for an item: itself, or what the book names in its place; undefined for what is no page. */
function pageFor(items: ReadonlyMap<string, Item>, id: string): Item | undefined {
  const tried = new Set<string>();
  for (let next: string | undefined = id; next !== undefined && !tried.has(next);) {
    tried.add(next);
    const item = items.get(next);
    if (!item) return undefined;
    const isNamed = item.mediaType === '' && /\.x?html?$/i.test(item.name);
    if (pageTypes.test(item.mediaType) || isNamed) return item;
    next = item.fallback;
  }
  return undefined;
}

/** Headings that say a number themselves. */
const numbered =
  /\b(?:chapter|part|book|kapitel|chapitre|cap[ií]tulo|capitolo|глава|hoofdstuk|rozdział)\b|^\W*(?:\d+|[ivxlc]+)\b[.:]?/i;

/** What the places in a chapter are called. */
function chapterLabel(number: number, heading: string | undefined): string {
  if (!heading) return `ch. ${number}`;
  return numbered.test(heading) ? heading : `ch. ${number} · ${heading}`;
}

/** Titles of the parts of a book by the names of their files, as its table of contents has them. */
async function contentsOf(
  archive: ZipArchive,
  book: Document,
  packagePath: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const titles = new Map<string, string>();
  const add = (from: string, href: string | undefined, title: string) => {
    const name = href === undefined ? undefined : resolveEntry(from, href);
    const text = title.replace(/\s+/g, ' ').trim();
    if (name !== undefined && text !== '' && !titles.has(name)) titles.set(name, text);
  };
  for (const item of elementsNamed(book, 'item')) {
    const isNav = /\bnav\b/.test(attributeOf(item, 'properties') ?? '');
    const isNcx = attributeOf(item, 'media-type') === 'application/x-dtbncx+xml';
    if (!isNav && !isNcx) continue;
    const name = resolveEntry(packagePath, attributeOf(item, 'href') ?? '');
    const bytes = name === undefined ? undefined : await archive.read(name, signal);
    if (!bytes) continue;
    const contents = parseXml(bytes, () => undefined);
    if (isNav) {
      for (const link of elementsNamed(contents, 'a')) add(name!, link.attribs.href, textOf(link));
    } else {
      for (const point of elementsNamed(contents, 'navPoint')) {
        const [text] = elementsNamed(point, 'text');
        const [content] = elementsNamed(point, 'content');
        add(name!, attributeOf(content, 'src'), text ? textOf(text) : '');
      }
    }
  }
  return titles;
}

/** A style sheet of the book; one that is missing or damaged changes nothing. */
type SheetReader = (from: string, href: string) => Promise<string>;

/** Reads each style sheet once. */
function sheetReader(archive: ZipArchive, signal: AbortSignal | undefined): SheetReader {
  const sheets = new Map<string, string>();
  return async (from, href) => {
    const resolved = resolveEntry(from, href);
    const name = resolved === undefined ? undefined : findEntry(archive, [resolved]);
    if (name === undefined) return '';
    const known = sheets.get(name);
    if (known !== undefined) return known;
    // A style sheet is no text of the book.
    const bytes = await archive.read(name, signal).catch(() => undefined);
    signal?.throwIfAborted();
    const sheet = bytes ? new TextDecoder().decode(bytes) : '';
    sheets.set(name, sheet);
    return sheet;
  };
}

/** A chapter, well-formed or not: what browsers forgive, this does. */
async function readChapter(bytes: Uint8Array, name: string, readSheet: SheetReader) {
  const page = parseHtml(decodeText(bytes, declaredEncoding(bytes)).text, true);
  const root = bodyOf(page);
  const sheets: string[] = [];
  for (const { attribs } of elementsNamed(page, 'link')) {
    if (/\bstylesheet\b/i.test(attribs.rel ?? '')) sheets.push(await readSheet(name, attribs.href ?? ''));
  }
  return htmlText(root, StyleRules.of(page, sheets));
}

/** Pages that the book has and does not read: neither in the reading order nor its table of contents. */
function besideSpine(archive: ZipArchive, book: Document, packagePath: string, pages: readonly SpinePage[]) {
  const read = new Set(pages.map(({ name }) => name));
  return elementsNamed(book, 'item').filter((item) => {
    const isPage = /xhtml\+xml|^text\/html$/i.test(attributeOf(item, 'media-type') ?? '');
    const isNav = /\bnav\b/.test(attributeOf(item, 'properties') ?? '');
    if (!isPage || isNav) return false;
    const name = resolveEntry(packagePath, attributeOf(item, 'href') ?? '');
    const entry = name === undefined ? undefined : findEntry(archive, [name]);
    return entry !== undefined && !read.has(entry);
  }).length;
}

/** @throws ImportError; the signal's reason when aborted */
export async function readEpub(
  archive: ZipArchive,
  { signal, onProgress }: ImportOptions,
): Promise<ExtractedText> {
  const container = parseXml((await archive.read('META-INF/container.xml', signal))!);
  const packagePath = attributeOf(elementsNamed(container, 'rootfile')[0], 'full-path') ?? '';
  const packageBytes = await archive.read(packagePath, signal);
  if (!packageBytes) throw damaged('its table of files is missing');
  const notes: string[] = [];
  const book = parseXml(packageBytes, () =>
    notes.push('The list of the book’s parts is damaged; some may be missing.'),
  );
  const pages = spinePages(archive, book, packagePath);
  if (pages.length > maxChapters) {
    throw new ImportError(
      'too-large',
      `This book has ${pages.length} parts, more than can be read here.`,
      'Split it, then choose the part that you want to ask about.',
    );
  }
  const encrypted = await encryptedEntries(archive);
  if (pages.some(({ name }) => encrypted.has(name))) {
    throw new ImportError(
      'encrypted',
      'This book is protected against copying (DRM), so its text cannot be read here.',
      'Choose a copy without protection.',
    );
  }
  const titles = elementsNamed(book, 'title').map((title) => textOf(title));
  if (pages.length === 0) {
    throw new ImportError(
      'no-text',
      'This book has no pages of text, only pictures.',
      'Run text recognition (OCR) on it and save the result as PDF or text.',
    );
  }
  const contents = await contentsOf(archive, book, packagePath, signal);
  const readSheet = sheetReader(archive, signal);
  const texts: string[] = [];
  const labels: string[] = [];
  let [numDamaged, numHidden, numChapters] = [0, 0, 0];
  // Notes and what else is beside the reading order come behind it.
  const ordered = [...pages.filter(({ isLinear }) => isLinear), ...pages.filter(({ isLinear }) => !isLinear)];
  for (const [index, { name, isLinear }] of ordered.entries()) {
    signal?.throwIfAborted();
    try {
      const bytes = await archive.read(name, signal);
      if (!bytes) throw damaged(`'${name}' is missing`);
      const chapter = await readChapter(bytes, name, readSheet);
      numHidden += chapter.numHidden;
      if (withoutMarks(chapter.text).trim() !== '') {
        const first = contents.get(name) ?? chapter.labels[0];
        if (isLinear) numChapters++;
        const label = isLinear ? chapterLabel(numChapters, first) : (first ?? 'Notes');
        labels.push(
          label,
          ...chapter.labels.map((heading) => (heading === first ? label : withChapter(label, heading))),
        );
        texts.push(placeMark + chapter.text);
      }
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof ImportError && (cause.code === 'too-large' || cause.code === 'encrypted'))
        throw cause;
      numDamaged++;
    }
    onProgress?.({ phase: 'reading', unit: 'chapters', numDone: index + 1, numTotal: ordered.length });
  }
  if (numDamaged === ordered.length) throw damaged('none of its chapters is there');
  notes.push(...damageNote(numDamaged, ordered.length, 'chapters'), ...hiddenNote(numHidden));
  const numBeside = besideSpine(archive, book, packagePath, pages);
  if (numBeside > 0) {
    const what = numBeside === 1 ? '1 page of the book is' : `${numBeside} pages of the book are`;
    notes.push(`${what} outside of its reading order, and left out.`);
  }
  return { text: texts.join('\n\n'), labels, titles, notes };
}

/** A heading within a chapter, behind the chapter's number. */
function withChapter(label: string, heading: string): string {
  const number = /^ch\. \d+/.exec(label)?.[0];
  return number === undefined || numbered.test(heading) ? heading : `${number} · ${heading}`;
}

/** The pages of the reading order that are pages, each once. */
function spinePages(archive: ZipArchive, book: Document, packagePath: string): SpinePage[] {
  const items = readItems(book);
  const pages = new Map<string, SpinePage>();
  for (const reference of elementsNamed(book, 'itemref')) {
    const item = pageFor(items, attributeOf(reference, 'idref') ?? '');
    if (!item) continue;
    const resolved = resolveEntry(packagePath, item.name);
    if (resolved === undefined) continue;
    const folder = packagePath.replace(/[^/]*$/, '');
    const name =
      findEntry(archive, item.name.includes('..') ? [resolved] : [folder + item.name, resolved]) ?? resolved;
    if (!pages.has(name)) pages.set(name, { name, isLinear: attributeOf(reference, 'linear') !== 'no' });
  }
  return [...pages.values()];
}
