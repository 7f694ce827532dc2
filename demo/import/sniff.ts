/** What kind of document some bytes are, by what they hold; the name only tells kinds of text apart. Pure. */
import { decodeText, declaredEncoding, isBinary } from './decode-text';
import { ImportError } from './import-error';

/** Kinds that can be imported; `zip` is EPUB or DOCX, as its entries tell. */
export type SniffedKind = 'text' | 'markdown' | 'html' | 'pdf' | 'zip';

interface Signature {
  /** What the bytes are, for the sentence. */
  readonly what: string;
  readonly step: string;
  readonly offset?: number;
  readonly bytes: string;
}

const saveAsPdf = 'Save it as PDF or DOCX, then choose that file.';
const noPictures = 'Run text recognition (OCR) on it and save the result as PDF or text.';
const unpack = 'Unpack it and choose the document inside.';

/** What people try that is none of our kinds, by the first bytes. */
const foreign: readonly Signature[] = [
  {
    what: 'an old Word or Office file, or one with a password',
    step: 'Open it, save it as DOCX without a password, then choose that file.',
    bytes: '\xd0\xcf\x11\xe0',
  },
  { what: 'an RTF file', step: saveAsPdf, bytes: '{\\rtf' },
  {
    what: 'a Kindle book',
    step: 'Convert it to EPUB, then choose that file.',
    offset: 60,
    bytes: 'BOOKMOBI',
  },
  { what: 'a DjVu file', step: 'Convert it to PDF, then choose that file.', bytes: 'AT&TFORM' },
  { what: 'a PostScript file', step: 'Convert it to PDF, then choose that file.', bytes: '%!PS' },
  { what: 'a picture', step: noPictures, bytes: '\x89PNG' },
  { what: 'a picture', step: noPictures, bytes: '\xff\xd8\xff' },
  { what: 'a picture', step: noPictures, bytes: 'GIF8' },
  { what: 'a packed archive', step: unpack, bytes: '\x1f\x8b' },
  { what: 'a packed archive', step: unpack, bytes: 'Rar!' },
  { what: 'a packed archive', step: unpack, bytes: "7z\xbc\xaf'\x1c" },
];

function startsWith(bytes: Uint8Array, text: string, offset = 0): boolean {
  return Array.from(text).every((character, index) => bytes[offset + index] === character.charCodeAt(0));
}

/**
 * @param bytes the document's beginning, 64 kB or all of it
 * @param name its file name or address's path
 * @param contentType what a server said of it
 * @throws ImportError `unsupported` when it is none of these
 */
export function sniff(bytes: Uint8Array, name: string, contentType = ''): SniffedKind {
  // Readers of PDF allow some bytes before the header.
  const head = decodeText(bytes.subarray(0, 1024), 'windows-1252');
  if (head.includes('%PDF-')) return 'pdf';
  if (startsWith(bytes, 'PK\x03\x04') || startsWith(bytes, 'PK\x05\x06')) return 'zip';
  const found = foreign.find(({ bytes: signature, offset }) => startsWith(bytes, signature, offset));
  if (found)
    throw new ImportError('unsupported', `This is ${found.what}, which cannot be read here.`, found.step);
  if (isBinary(bytes)) {
    throw new ImportError(
      'unsupported',
      'This file holds no text that can be read here.',
      'Choose a text, Markdown, HTML, PDF, EPUB or DOCX file.',
    );
  }
  const text = decodeText(bytes.subarray(0, 4096), declaredEncoding(bytes));
  // A comment ends where one can end: with a choice, many of them could be divided in more ways than can be tried.
  const isMarkup =
    /^\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->)[\s\S])*-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(text);
  const saysHtml = /\.x?html?$/i.test(name) || /\bx?html\b/i.test(contentType);
  if (isMarkup || (saysHtml && /<[a-z][^>]*>/i.test(text))) return 'html';
  return /\.(?:md|markdown)$/i.test(name) || /\bmarkdown\b/i.test(contentType) ? 'markdown' : 'text';
}
