/** What the quality bench asks: documents, conversations about them, and the tasks by name. Types and data only. */

/** Kinds of question, in the order in which tables show them. The first ten are Scout's own, the rest are RULER's. */
export const tasks = [
  'one-fact',
  'two-hop',
  'latest',
  'several',
  'key-value',
  'count',
  'json-record',
  'json-all',
  'quote',
  'absent',
  'follow-up',
  'needle-single',
  'needle-multi-key',
  'needle-multi-value',
  'needle-multi-query',
  'variables',
  'common-words',
] as const;

export type Task = (typeof tasks)[number];

/** One question with the answer that the document supports. */
export interface Turn {
  readonly task: Task;
  readonly question: string;
  readonly answer: string;
  /** What a right answer contains; absent where the whole answer, or the JSON in it, says so itself. */
  readonly fields?: readonly string[];
}

/** Turns that follow each other; the last one is scored, those before it are given with their right answers. */
export type Conversation = readonly Turn[];

/** Kinds of document: registers of facts, haystacks with one or with many needles, chains of variables, a list of words. */
export const documentKinds = ['register', 'single', 'many', 'variables', 'words'] as const;

export type DocumentKind = (typeof documentKinds)[number];

/** A text and what is asked about it. */
export interface EvalDocument {
  /** Unique in a run, such as `register-2048-0`. */
  readonly id: string;
  readonly kind: DocumentKind;
  /** Tokens that it was built for; its own number is a little below. */
  readonly lengthTokens: number;
  readonly text: string;
  readonly conversations: readonly Conversation[];
}

/** Sentences that belong together, as `data/facts.jsonl` holds them. A sentence that starts with a line feed has its own line. */
export interface Section {
  readonly heading: string;
  /** In one block under the heading, and not spread over the document. */
  readonly isTogether: boolean;
  readonly sentences: readonly string[];
  readonly conversations: readonly Conversation[];
}
