/** The messages between the page and the worker that imports: plain data. */
import type { DocumentBytes, ImportChoices, ImportedDocument, ImportProgress } from './document';
import type { ImportErrorCode } from './import-error';

/** To the worker, once: what to read. */
export type ImportRequest =
  | { readonly kind: 'bytes'; readonly source: DocumentBytes; readonly choices: ImportChoices }
  | { readonly kind: 'text'; readonly text: string; readonly title: string | undefined };

/** From the worker: how far it is, and at last what came of it. */
export type ImportReply =
  | { readonly kind: 'progress'; readonly progress: ImportProgress }
  | { readonly kind: 'done'; readonly document: ImportedDocument }
  | {
      readonly kind: 'refused';
      readonly code: ImportErrorCode;
      readonly message: string;
      readonly step: string;
      readonly hasPassword: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string };
