/** What an answer must be, as plain data that `postMessage` clones. */

/** A schema as JSON text, and the field of the request that it is of. */
export interface FormatSchema {
  readonly schema: string;
  readonly field: string;
}

/** One call of a tool as a family writes it: what stands before its arguments, their schema, and what stands after. */
export interface CallFormat extends FormatSchema {
  readonly before: string;
  readonly after: string;
}

/** Calls of tools, between 1 and `most`, with `between` between them, `first` before the first and `last` after the last. */
export interface CallsFormat {
  readonly kind: 'calls';
  readonly calls: readonly CallFormat[];
  readonly first: string;
  readonly between: string;
  readonly last: string;
  readonly most: number;
  /** How arguments are written where not as JSON: strings between these marks and keys as they are, or as elements. */
  readonly values?: { readonly mark: string } | 'elements';
}

/** A format that every token of an answer keeps to. */
export type AnswerFormat =
  /** A JSON object. */
  | { readonly kind: 'json-object' }
  /** JSON that a schema allows. */
  | ({ readonly kind: 'json-schema' } & FormatSchema)
  /** A text that the regular expression matches as a whole. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly field: string }
  /** One of these texts. */
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | CallsFormat
  /** Any text, in which each `mark` is followed by calls. */
  | { readonly kind: 'text-with-calls'; readonly mark: string; readonly calls: CallsFormat }
  /** Any of these. */
  | { readonly kind: 'any'; readonly of: readonly AnswerFormat[] };
