/** The one error class of the importers, with a sentence for people and what they can do next. */

/** What was wrong, as a program can act on it. */
export type ImportErrorCode =
  'too-large' | 'unsupported' | 'damaged' | 'encrypted' | 'no-text' | 'network' | 'bad-address';

/** A document that could not be taken in: `message` says why, `step` what to do, both as whole sentences. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;
  readonly step: string;

  constructor(code: ImportErrorCode, message: string, step: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.step = step;
  }
}
