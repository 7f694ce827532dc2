/** The error of the importers, with a sentence for people and what they can do next. */

/** What was wrong, as a program can act on it. */
export type ImportErrorCode =
  | 'too-large'
  | 'unsupported'
  | 'damaged'
  | 'encrypted'
  | 'no-text'
  | 'network'
  | 'bad-address';

/** A document that could not be taken in: `message` says why, `step` what to do, both as whole sentences. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;
  readonly step: string;
  /** Whether it opens with a password, which can be given. */
  readonly hasPassword: boolean;

  constructor(
    code: ImportErrorCode,
    message: string,
    step: string,
    options: { readonly cause?: unknown; readonly hasPassword?: boolean } = {},
  ) {
    super(message, options);
    this.hasPassword = options.hasPassword ?? false;
    this.code = code;
    this.step = step;
  }
}

/** One of several that could not be taken in. */
export interface ImportFailure {
  /** The file's name, or its address. */
  readonly name: string;
  readonly error: unknown;
}

/** What could not be taken in of several documents that came together. */
export class ImportFailures extends Error {
  override readonly name = 'ImportFailures';
  /** One at least. */
  readonly failures: readonly ImportFailure[];
  /** How many came, those that are in included. */
  readonly numTried: number;

  constructor(failures: readonly ImportFailure[], numTried: number) {
    super(
      failures.length === numTried
        ? `None of the ${numTried} documents could be taken in`
        : `${failures.length} of ${numTried} documents could not be taken in`,
    );
    this.failures = failures;
    this.numTried = numTried;
  }
}
