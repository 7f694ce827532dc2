/** EPUB books: the chapters in reading order. Scripts, styles, fonts and pictures are never unpacked. */
import { declaredEncoding, decodeText } from './decode-text';
import { htmlText } from './html-text';
import type { ExtractedText, ImportOptions } from './import-document';
import { ImportError } from './import-error';
import { inertMarkup } from './inert-markup';
import { elementsNamed, parseXml } from './xml';
import type { ZipArchive } from './zip';

const maxChapters = 5000;

function damaged(what: string): ImportError {
  return new ImportError(
    'damaged',
    `This EPUB is damaged: ${what}.`,
    'Download it again, then choose it again.',
  );
}

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

/** The body of a chapter. It should be XHTML and often is not; read as HTML it is never refused, and has no entities that grow. */
function parseChapter(bytes: Uint8Array): Element {
  const source = inertMarkup(decodeText(bytes, declaredEncoding(bytes)), true);
  return new DOMParser().parseFromString(source, 'text/html').body;
}

/** Names of the entries that are encrypted; fonts often are, chapters only where the book is protected. */
async function encryptedEntries(archive: ZipArchive): Promise<Set<string>> {
  const bytes = await archive.read('META-INF/encryption.xml');
  if (!bytes) return new Set();
  const hrefs = elementsNamed(parseXml(bytes), 'CipherReference').map(
    (element) => element.getAttribute('URI') ?? '',
  );
  return new Set(hrefs.map((href) => resolveEntry('', href) ?? ''));
}

/** @throws ImportError; the signal's reason when aborted */
export async function readEpub(
  archive: ZipArchive,
  { signal, onProgress }: ImportOptions,
): Promise<ExtractedText> {
  const container = parseXml((await archive.read('META-INF/container.xml', signal))!);
  const packagePath = elementsNamed(container, 'rootfile')[0]?.getAttribute('full-path') ?? '';
  const packageBytes = await archive.read(packagePath, signal);
  if (!packageBytes) throw damaged('its table of files is missing');
  const book = parseXml(packageBytes);
  const hrefById = new Map(
    elementsNamed(book, 'item').map((item) => [item.getAttribute('id'), item.getAttribute('href') ?? '']),
  );
  const spine = elementsNamed(book, 'itemref').filter((item) => item.getAttribute('linear') !== 'no');
  const chapters = [...new Set(spine.map((item) => hrefById.get(item.getAttribute('idref'))))]
    .map((href) => (href === undefined ? undefined : resolveEntry(packagePath, href)))
    .filter((name) => name !== undefined);
  if (chapters.length > maxChapters) {
    throw new ImportError(
      'too-large',
      `This book has ${chapters.length} parts, more than can be read here.`,
      'Split it, then choose the part that you want to ask about.',
    );
  }
  const encrypted = await encryptedEntries(archive);
  if (chapters.some((name) => encrypted.has(name))) {
    throw new ImportError(
      'encrypted',
      'This book is protected against copying (DRM), so its text cannot be read here.',
      'Choose a copy without protection.',
    );
  }
  const texts: string[] = [];
  let numMissing = 0;
  for (const [index, name] of chapters.entries()) {
    const bytes = await archive.read(name, signal);
    if (bytes) texts.push(htmlText(parseChapter(bytes)));
    else numMissing++;
    onProgress?.({ phase: 'reading', unit: 'chapters', numDone: index + 1, numTotal: chapters.length });
  }
  if (texts.length === 0) throw damaged('none of its chapters is there');
  return {
    text: texts.join('\n\n'),
    titles: elementsNamed(book, 'title').map((title) => title.textContent),
    notes: numMissing > 0 ? [`${numMissing} of ${chapters.length} chapters are missing in the file.`] : [],
  };
}
