/** What kind of document some bytes are, by what they hold; the name only tells kinds of text apart. Pure. */
import { ImportError } from '../import-error';
import { isNamed } from '../kinds';
import { decodeText, declaredEncoding, isBinary } from './decode-text';

/** Kinds that can be told by the beginning; `zip` is a package, whose kind its entries tell. */
type SniffedKind =
  | 'text'
  | 'markdown'
  | 'csv'
  | 'html'
  | 'pdf'
  | 'zip'
  | 'fb2'
  | 'flat-odf'
  | 'rtf'
  | 'mail'
  | 'webarchive';

interface Signature {
  /** What the bytes are, for the sentence. */
  readonly what: string;
  readonly step: string;
  readonly offset?: number;
  readonly bytes: string;
}

const noPictures = 'Run text recognition (OCR) on it and save the result as PDF or text.';
const unpack = 'Unpack it and choose the document inside.';

/** What people try that is none of our kinds, by the first bytes. */
const foreign: readonly Signature[] = [
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
  { what: 'a picture', step: noPictures, bytes: 'II*\0' },
  { what: 'a picture', step: noPictures, bytes: 'MM\0*' },
  { what: 'a picture', step: noPictures, offset: 8, bytes: 'WEBP' },
  { what: 'a packed archive', step: unpack, bytes: '\x1f\x8b' },
  { what: 'a packed archive', step: unpack, bytes: 'Rar!' },
  { what: 'a packed archive', step: unpack, bytes: "7z\xbc\xaf'\x1c" },
  {
    what: 'a web archive of Safari',
    step: 'Save the page as PDF or HTML, then choose that file.',
    bytes: 'bplist00',
  },
];

const oleSignature = '\xd0\xcf\x11\xe0';

/** What Office's old containers hold, by the names of their streams. */
const oleKinds: readonly (readonly [stream: string, what: string, step: string])[] = [
  ['WordDocument', 'a Word file of the old kind', 'Open it, save it as DOCX, then choose that file.'],
  ['Workbook', 'an Excel file of the old kind', 'Open it, save it as XLSX, then choose that file.'],
  [
    'PowerPoint Document',
    'a PowerPoint file of the old kind',
    'Open it, save it as PPTX, then choose that file.',
  ],
  ['__properties_version', 'a mail of Outlook', 'Save it as a text or as EML, then choose that file.'],
];

/** Says what a container of Office's old kind is; new files are in one where a password protects them. */
function refuseOle(bytes: Uint8Array): never {
  const text = new TextDecoder('windows-1252').decode(bytes);
  const has = (name: string) => text.includes(Array.from(name, (letter) => `${letter}\0`).join(''));
  if (has('EncryptedPackage')) {
    throw new ImportError(
      'encrypted',
      'This Office document is protected with a password.',
      'Open it in the program that it is for, save it without a password, then choose that file.',
    );
  }
  const [, what, step] = oleKinds.find(([stream]) => has(stream)) ?? [
    '',
    'a file of an old Office program',
    'Open it, save it as PDF or DOCX, then choose that file.',
  ];
  throw new ImportError('unsupported', `This is ${what}, which cannot be read here.`, step);
}

function startsWith(bytes: Uint8Array, text: string, offset = 0): boolean {
  return Array.from(text).every((character, index) => bytes[offset + index] === character.charCodeAt(0));
}

/** Readers of PDF allow some bytes before the header; a text that only speaks of it has letters there and no second line of one. */
function isPdf(bytes: Uint8Array): boolean {
  if (startsWith(bytes, '%PDF-')) return true;
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, 1024));
  if (!/(?:^|[\r\n\0])%PDF-\d\.\d/.test(head)) return false;
  const all = new TextDecoder('windows-1252').decode(bytes.subarray(-2048));
  return /startxref\s+\d+\s+%%EOF/.test(all);
}

/**
 * @param bytes the document, all of it
 * @param name its file name or address's path
 * @param contentType what a server said of it
 * @throws ImportError `unsupported` when it is none of these
 */
export function sniff(bytes: Uint8Array, name: string, contentType = ''): SniffedKind {
  if (isPdf(bytes)) return 'pdf';
  if (startsWith(bytes, 'PK\x03\x04') || startsWith(bytes, 'PK\x05\x06')) return 'zip';
  if (startsWith(bytes, '{\\rtf')) return 'rtf';
  if (startsWith(bytes, oleSignature)) refuseOle(bytes);
  const found = foreign.find(({ bytes: signature, offset }) => startsWith(bytes, signature, offset));
  if (found)
    throw new ImportError('unsupported', `This is ${found.what}, which cannot be read here.`, found.step);
  if (isBinary(bytes)) {
    throw new ImportError(
      'unsupported',
      'This file holds no text that can be read here.',
      'Choose a text, a PDF, a book, a web page, or a document of an office program.',
    );
  }
  // A character may be cut in two at the end of the sample: what it is is told without it.
  const sample = bytes.subarray(0, 4096);
  const text = decodeText(sample, declaredEncoding(bytes)).text;
  return (
    markupKind(text, name, contentType) ?? mailKind(text, name, contentType) ?? textKind(name, contentType)
  );
}

function markupKind(text: string, name: string, contentType: string): SniffedKind | undefined {
  // A comment ends where one can end: with a choice, many of them could be divided in more ways than can be tried.
  const prolog = /^\s*(?:<\?[^>]*>\s*|<!--(?:(?!-->)[\s\S])*-->\s*)*/.exec(text)![0];
  const first = text.slice(prolog.length, prolog.length + 200);
  if (/^<FictionBook\b/.test(first)) return 'fb2';
  if (/^<office:document\b/.test(first)) return 'flat-odf';
  if (/^<(?:!doctype\s+html|html|head|body)\b/i.test(first)) return 'html';
  const saysHtml = isNamed(name, 'html') || /\bx?html\b/i.test(contentType);
  return saysHtml && /<[a-z][^>]*>/i.test(text) ? 'html' : undefined;
}

const mailHeader =
  /^(?:from|to|subject|date|received|return-path|message-id|mime-version|delivered-to|content-type|x-[\w-]+|snapshot-content-location):/i;

/** A mail begins with header lines, some of which every mail has. */
function mailKind(text: string, name: string, contentType: string): SniffedKind | undefined {
  const head = text.replace(/^From .*\r?\n/, '').split(/\r?\n\r?\n/, 1)[0]!;
  if (!mailHeader.test(head)) return undefined;
  const isMime = /^mime-version:/im.test(head);
  if (
    isMime &&
    /^content-type:\s*multipart\/related/im.test(head) &&
    /^snapshot-content-location:|saved by/im.test(head)
  )
    return 'webarchive';
  if (isNamed(name, 'webarchive') && isMime) return 'webarchive';
  const saysMail = isNamed(name, 'mail') || /message\/rfc822/i.test(contentType);
  const isMail = /^from:/im.test(head) && /^(?:date|message-id|received):/im.test(head) && isMime;
  return saysMail || isMail ? 'mail' : undefined;
}

function textKind(name: string, contentType: string): SniffedKind {
  if (isNamed(name, 'markdown') || /\bmarkdown\b/i.test(contentType)) return 'markdown';
  if (isNamed(name, 'csv') || /\b(?:csv|tab-separated-values)\b/i.test(contentType)) return 'csv';
  return 'text';
}
