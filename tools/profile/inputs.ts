/** What the model is made to write while its heads are measured: pure, from texts and questions. */
import type { CountTokens } from '../eval/arrange';
import { buildDocument, type Sources } from '../eval/documents';
import { UsageError } from '../command-line/options';
import type { DocumentKind, EvalDocument, Task } from '../eval/task';

/** One thing to write: the answer to a question about a document, or the continuation of a text. */
export interface ProfileInput {
  readonly text: string;
  /** Undefined: the text is continued. */
  readonly question: string | undefined;
  /** How the text goes on, where it is to be continued so and not as the model would: `maxTokens` tokens. */
  readonly continuation?: readonly number[];
  readonly maxTokens: number;
}

/** Inputs of one kind. */
export interface Family {
  readonly name: string;
  readonly inputs: readonly ProfileInput[];
}

/** Steps of one answer at most: many answers tell more than one long one. */
const longestAnswer = 192;
/** Two chunks of the default interval: what is shorter tells nothing. */
const shortestAnswer = 32;

const families: readonly { name: string; kinds: readonly DocumentKind[]; tasks: readonly Task[] }[] = [
  { name: 'records', kinds: ['register'], tasks: ['json-all', 'json-record', 'several', 'two-hop', 'count'] },
  {
    name: 'needles',
    kinds: ['single', 'many', 'variables', 'words'],
    tasks: ['quote', 'needle-multi-query', 'needle-multi-value', 'variables', 'common-words'],
  },
];

/** Two families of documents with the questions whose right answers are long enough. */
export function builtFamilies(sources: Sources, lengthTokens: number, numSteps: number): Family[] {
  return families.map(({ name, kinds, tasks }) => {
    const documents = kinds.map((kind) =>
      buildDocument(sources, { kind, lengthTokens, index: 0, numPerTask: 16 }),
    );
    const perDocument = documents.map((document) => askedAbout(document, tasks, sources.countTokens));
    return { name, inputs: takeTurns(perDocument, numSteps) };
  });
}

/** A text with questions, or to be continued. */
export function textFamily(
  name: string,
  text: string,
  questions: readonly string[],
  numSteps: number,
): Family {
  const perQuestion = Math.max(shortestAnswer, Math.ceil(numSteps / Math.max(1, questions.length)));
  const asked = questions.map((question) => ({ text, question, maxTokens: perQuestion }));
  return {
    name,
    inputs: asked.length > 0 ? asked : [{ text, question: undefined, maxTokens: numSteps }],
  };
}

interface FollowedText {
  readonly ids: readonly number[];
  readonly lengthTokens: number;
  /** Of the end that is followed. */
  readonly numSteps: number;
  readonly decode: (ids: readonly number[]) => string;
}

/** The first `lengthTokens` tokens of a text, its end followed word by word. @throws UsageError for a text that is shorter */
export function followedFamily(name: string, { ids, lengthTokens, numSteps, decode }: FollowedText): Family {
  if (ids.length < lengthTokens) {
    throw new UsageError(`'${name}' has ${ids.length} tokens; --length ${lengthTokens} are to be followed.`);
  }
  const numPrompt = lengthTokens - numSteps;
  const input = {
    text: decode(ids.slice(0, numPrompt)),
    question: undefined,
    continuation: ids.slice(numPrompt, lengthTokens),
    maxTokens: numSteps,
  };
  return { name, inputs: [input] };
}

/** Questions from a file: one a line, or a JSON list of texts or of objects with `question`. @throws UsageError for another list */
export function readQuestions(content: string): string[] {
  if (!content.trimStart().startsWith('[')) {
    return content
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  }
  let entries: unknown[];
  try {
    entries = JSON.parse(content) as unknown[];
  } catch (error) {
    throw new UsageError(`The list of questions is no JSON: ${(error as Error).message}`);
  }
  return entries.map((entry) => {
    const question: unknown =
      typeof entry === 'string' ? entry : (entry as { question?: unknown } | null)?.question;
    if (typeof question !== 'string')
      throw new UsageError('A list of questions holds texts, or objects with a text `question`.');
    return question;
  });
}

/** K for contexts of `numPages`: a quarter of them, 64 at most. */
export function scaledBudget(numPages: number): number {
  return Math.max(2, Math.min(64, Math.floor(numPages / 4)));
}

function askedAbout(
  { text, conversations }: EvalDocument,
  tasks: readonly Task[],
  countTokens: CountTokens,
): ProfileInput[] {
  return conversations
    .filter((turns) => turns.length === 1)
    .flatMap(([turn]) => {
      const numTokens = countTokens(turn!.answer);
      if (!tasks.includes(turn!.task) || numTokens < shortestAnswer / 2) return [];
      const maxTokens = Math.min(longestAnswer, numTokens + 16);
      return [{ text, question: turn!.question, maxTokens }];
    });
}

/** Questions of one document after the other, so that each is read once, and each document has its share of the steps. */
function takeTurns(perDocument: readonly (readonly ProfileInput[])[], numSteps: number): ProfileInput[] {
  const share = numSteps / perDocument.length;
  return perDocument.flatMap((inputs) => {
    const chosen: ProfileInput[] = [];
    let sum = 0;
    for (const input of [...inputs].sort((a, b) => b.maxTokens - a.maxTokens)) {
      if (sum >= share) break;
      chosen.push(input);
      sum += input.maxTokens;
    }
    return chosen;
  });
}
