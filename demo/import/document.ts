/** What goes into an import and what comes out: the types that all readers share. */
import type { DocumentPlace } from '../../src/index';
import type { DocumentKind } from './kinds';

/** What can be taken in. */
export type ImportInput =
  | File
  /** An absolute http or https address whose server lets this page read it. */
  | { readonly url: string }
  /** Pasted text. */
  | { readonly text: string; readonly title?: string };

/** A document as text. */
export interface ImportedDocument {
  readonly title: string;
  /** Paragraphs with an empty line between them, headings as lines of their own; never empty. */
  readonly text: string;
  readonly kind: DocumentKind;
  /** Pages, chapters or headings, where the document has such. */
  readonly places: readonly DocumentPlace[];
  /** What was lost, is doubtful, or was left out, as sentences; mostly none. */
  readonly notes: readonly string[];
  /** The encoding that plain text was read in; undefined for kinds that name their own. */
  readonly encoding?: string | undefined;
}

/** How far an import has come. */
export interface ImportProgress {
  readonly phase: 'downloading' | 'reading';
  readonly unit: 'bytes' | 'pages' | 'chapters' | 'slides' | 'sheets';
  readonly numDone: number;
  /** Undefined while it is not known. */
  readonly numTotal: number | undefined;
}

/** What a person may say of a document that it does not say itself. */
export interface ImportChoices {
  /** The encoding of its bytes, as the Encoding Standard labels it. */
  readonly encoding?: string | undefined;
  readonly password?: string | undefined;
}

/** How to import. */
export interface ImportOptions extends ImportChoices {
  /** Stops the import, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
}

/** A document's bytes with what is known of them. */
export interface DocumentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A file name, or the last part of an address. */
  readonly name: string;
  readonly contentType: string;
}

/** What the reader of one kind hands back. */
export interface ExtractedText {
  /** Text with a `placeMark` before the first character of each place. */
  readonly text: string;
  /** Labels of the places, in order of their marks. */
  readonly labels?: readonly string[];
  /** Titles that the document gives itself, best first. */
  readonly titles: readonly (string | null | undefined)[];
  readonly notes?: readonly string[];
  readonly encoding?: string | undefined;
}

/** Stands in extracted text where a place begins; no text that is read holds it. */
export const placeMark = '\0';

/** Characters that a document may have: far more than any model here can read. */
export const maxTextChars = 20_000_000;
