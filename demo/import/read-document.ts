/**
 * From bytes to a document: what it is, the reader of its kind, tidy text with places and notes. Runs in a worker, as under Node;
 * the reader of each kind is loaded when one comes.
 */
import { sniff } from './bytes/sniff';
import {
  maxTextChars,
  type DocumentBytes,
  type ExtractedText,
  type ImportedDocument,
  type ImportOptions,
} from './document';
import { ImportError } from './import-error';
import { nameWithoutExtension, type DocumentKind } from './kinds';
import { chooseTitle, tidyPlaces, withoutMarks } from './text/tidy-text';

type KindedText = ExtractedText & { readonly kind: DocumentKind };

async function extract(source: DocumentBytes, options: ImportOptions): Promise<KindedText> {
  const { bytes, name, contentType } = source;
  const kind = sniff(bytes, name, contentType);
  switch (kind) {
    case 'text':
      return { kind, ...(await import('./text/plain')).readText(source, options) };
    case 'markdown':
      return { kind, ...(await import('./text/plain')).readMarkdown(source, options) };
    case 'csv':
      return { kind, ...(await import('./text/plain')).readCsv(source, options) };
    case 'html': {
      const { decodeWithNotes } = await import('./text/plain');
      const { text, encoding, notes } = decodeWithNotes(source, options);
      const page = (await import('./markup/html')).readHtml(text);
      return { kind, ...page, encoding, notes: [...notes, ...(page.notes ?? [])] };
    }
    case 'fb2':
      return { kind, ...(await import('./books/fb2')).readFictionBook(bytes) };
    case 'flat-odf':
      return (await import('./opendocument/odf')).readFlatOdf(bytes);
    case 'rtf':
      return { kind, ...(await import('./rtf/rtf')).readRtf(bytes) };
    case 'mail':
    case 'webarchive':
      return { kind, ...(await (await import('./mail/mail')).readMail(bytes, kind)) };
    case 'pdf':
      return { kind, ...(await (await import('./pdf/pdf')).readPdf(bytes, options)) };
    case 'zip':
      return (await import('./read-archive')).readArchive(bytes, options);
  }
}

/** @throws ImportError when there is nothing to read in it, or too much */
export function finish(
  { text, labels = [], titles, notes = [], kind, encoding }: KindedText,
  name: string,
): ImportedDocument {
  if (text.length > maxTextChars) {
    throw new ImportError(
      'too-large',
      `This document has ${Math.round(text.length / 1e6)} million characters, more than any model here can read.`,
      'Split it, then choose the part that you want to ask about.',
    );
  }
  const tidy = tidyPlaces(text, labels);
  if (!/[\p{L}\p{N}]/u.test(tidy.text)) {
    throw new ImportError(
      'no-text',
      `There is no text in this document.${notes.length > 0 ? ` ${notes.join(' ')}` : ''}`,
      'Choose another document; one of pictures needs text recognition (OCR) first.',
    );
  }
  return { title: chooseTitle(...titles, name), text: tidy.text, places: tidy.places, kind, notes, encoding };
}

/**
 * Reads a document. Nothing in it runs and nothing that it points to is fetched.
 * @throws ImportError when it cannot be taken in; the signal's reason when aborted
 */
export async function readDocument(
  source: DocumentBytes,
  options: ImportOptions = {},
): Promise<ImportedDocument> {
  options.signal?.throwIfAborted();
  const extracted = await extract(source, options);
  options.signal?.throwIfAborted();
  return finish(extracted, nameWithoutExtension(source.name));
}

/** Pasted text as a document. @throws ImportError when there is nothing to read in it, or too much */
export function readPasted(text: string, title?: string): ImportedDocument {
  // It may hold halves of surrogate pairs; encoding makes them replacement characters.
  const whole = withoutMarks(new TextDecoder().decode(new TextEncoder().encode(text)));
  const firstLine = whole.trimStart().split('\n', 1)[0];
  return finish({ kind: 'text', text: whole, titles: [title, firstLine] }, 'Pasted text');
}
