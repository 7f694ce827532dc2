/**
 * Documents in: files, addresses and pasted text become plain text with its paragraphs. What a file is, its content says;
 * the reader of each kind is loaded when one comes.
 */
import { decodeText, declaredEncoding } from './decode-text';
import { fetchDocument } from './fetch-document';
import { ImportError } from './import-error';
import { sniff } from './sniff';
import { chooseTitle, nameWithoutExtension, tidyText } from './tidy-text';

/** What can be taken in. */
export type ImportInput =
  | File
  /** An absolute http or https address whose server lets this page read it. */
  | { readonly url: string }
  /** Pasted text. */
  | { readonly text: string; readonly title?: string };

/** Kinds of documents, as a person names them. */
export type DocumentKind = 'text' | 'markdown' | 'html' | 'pdf' | 'epub' | 'docx';

/** A document as text. */
export interface ImportedDocument {
  readonly title: string;
  /** Paragraphs with an empty line between them, headings as lines of their own; never empty. */
  readonly text: string;
  readonly kind: DocumentKind;
  /** What of the document is not in the text and why, as sentences; mostly none. */
  readonly notes: readonly string[];
}

/** How far an import has come. */
export interface ImportProgress {
  readonly phase: 'downloading' | 'reading';
  readonly unit: 'bytes' | 'pages' | 'chapters';
  readonly numDone: number;
  /** Undefined while it is not known. */
  readonly numTotal: number | undefined;
}

/** How to import. */
export interface ImportOptions {
  /** Stops the import, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** What the reader of one kind hands back. */
export interface ExtractedText {
  readonly text: string;
  /** Titles that the document gives itself, best first. */
  readonly titles: readonly (string | null | undefined)[];
  /** What was left out and why, as sentences. */
  readonly notes?: readonly string[];
}

/** Files of this size or more are refused before a byte of them is read. */
export const maxFileBytes = 100_000_000;

/** Characters that a document may have: far more than any model here can read. */
export const maxTextChars = 20_000_000;

/** @throws ImportError `too-large` */
export function checkFileSize(sizeBytes: number): void {
  if (sizeBytes < maxFileBytes) return;
  throw new ImportError(
    'too-large',
    `This file has ${Math.round(sizeBytes / 1e6)} MB; documents here have to be smaller than ${maxFileBytes / 1e6} MB.`,
    'Split it, or save its text without pictures, then choose that.',
  );
}

/** A document's bytes with what is known of them. */
export interface DocumentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A file name, or the last part of an address. */
  readonly name: string;
  readonly contentType: string;
}

/** The first heading that is marked as such, without the marks that may close it. */
export function markdownTitle(text: string): string | undefined {
  // What is longer than any title is cut first: marks at an end are looked for from every place.
  return /^#+[ \t]+(.*)$/m
    .exec(text)?.[1]
    ?.slice(0, 500)
    .replace(/[ \t#]+$/, '');
}

async function extract(
  { bytes, name, contentType }: DocumentBytes,
  options: ImportOptions,
): Promise<ExtractedText & { kind: DocumentKind }> {
  const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(contentType)?.[1];
  const kind = sniff(bytes, name, contentType);
  switch (kind) {
    case 'text':
    case 'markdown': {
      const text = decodeText(bytes, charset ?? declaredEncoding(bytes));
      return { kind, text, titles: kind === 'markdown' ? [markdownTitle(text)] : [] };
    }
    case 'html': {
      const { readHtml } = await import('./html');
      return { kind, ...readHtml(bytes, charset) };
    }
    case 'pdf': {
      const { readPdf } = await import('./pdf');
      return { kind, ...(await readPdf(bytes, options)) };
    }
    case 'zip': {
      const { readPackage } = await import('./package');
      return readPackage(bytes, options);
    }
  }
}

/** @throws ImportError when there is nothing to read in it, or too much */
function finish(
  { text, titles, notes = [], kind }: ExtractedText & { kind: DocumentKind },
  name: string,
): ImportedDocument {
  if (text.length > maxTextChars) {
    throw new ImportError(
      'too-large',
      `This document has ${Math.round(text.length / 1e6)} million characters, more than any model here can read.`,
      'Split it, then choose the part that you want to ask about.',
    );
  }
  const tidy = tidyText(text);
  if (!/[\p{L}\p{N}]/u.test(tidy)) {
    throw new ImportError('no-text', 'There is no text in this document.', 'Choose another document.');
  }
  return { title: chooseTitle(...titles, name), text: tidy, kind, notes };
}

/**
 * Takes in a document. Nothing in it runs and nothing that it points to is fetched.
 * @throws ImportError when it cannot be taken in; the signal's reason when aborted
 */
export async function importDocument(
  input: ImportInput,
  options: ImportOptions = {},
): Promise<ImportedDocument> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  if (!(input instanceof File) && 'text' in input) {
    const firstLine = input.text.trimStart().split('\n', 1)[0];
    // Pasted text may hold halves of surrogate pairs; encoding makes them replacement characters.
    const text = new TextDecoder().decode(new TextEncoder().encode(input.text));
    return finish({ kind: 'text', text, titles: [input.title, firstLine] }, 'Pasted text');
  }
  if (!(input instanceof File)) {
    const fetched = await fetchDocument(input.url, options);
    const extracted = await extract(fetched, options);
    signal?.throwIfAborted();
    return finish(extracted, nameWithoutExtension(fetched.name));
  }
  checkFileSize(input.size);
  onProgress?.({ phase: 'reading', unit: 'bytes', numDone: 0, numTotal: input.size });
  let buffer: ArrayBuffer;
  try {
    buffer = await input.arrayBuffer();
  } catch (cause) {
    throw new ImportError(
      'damaged',
      `“${input.name}” cannot be read: it was moved or changed since it was chosen, or is a folder.`,
      'Choose it again.',
      { cause },
    );
  }
  signal?.throwIfAborted();
  const source = { bytes: new Uint8Array(buffer), name: input.name, contentType: input.type };
  const extracted = await extract(source, options);
  signal?.throwIfAborted();
  return finish(extracted, nameWithoutExtension(input.name));
}
