/** Options of `npm run schema-suite`. */
import { flag, listOf, readOptions, text, UsageError, wholeNumber } from '../command-line/options';
import { drafts, type Draft } from './suite';

/** What to run. */
export interface SuiteOptions {
  /** Folder of the suite's drafts. */
  readonly folder: string;
  readonly drafts: readonly Draft[];
  /** Answers drawn for each schema. */
  readonly walks: number;
  /** Tokens of an answer at most. */
  readonly steps: number;
  readonly seed: number;
}

export const usage = `npm run schema-suite -- --folder FOLDER [options]

Holds random answers to every schema of JSON-Schema-Test-Suite, token by token with Scout's vocabulary and without a model, and checks
those that end with Ajv. Says which schemas are refused, by which keyword, and what a step costs. Exit code 1: an answer is not what its
schema allows, or a schema fails without a sentence.

  --folder FOLDER   the suite's folder "tests", of a copy of its repository
  --drafts LIST     ${drafts.join(',')} (default: all)
  --walks N         answers for each schema (default 4)
  --steps N         tokens of an answer, at most (default 400)
  --seed N          another seed, other answers (default 1)`;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): SuiteOptions | 'help' {
  const given = readOptions(args, {
    folder: text,
    drafts: { ...text, default: drafts.join(',') },
    walks: { ...text, default: '4' },
    steps: { ...text, default: '400' },
    seed: { ...text, default: '1' },
    help: flag,
  });
  if (given.help) return 'help';
  if (given.folder === undefined)
    throw new UsageError('--folder is missing: the folder "tests" of the suite.');
  const wanted = listOf(given.drafts);
  const unknown = wanted.find((name) => !drafts.some((draft) => draft === name));
  if (unknown !== undefined)
    throw new UsageError(`--drafts has '${unknown}': ${drafts.join(', ')} are known.`);
  return {
    folder: given.folder,
    drafts: drafts.filter((draft) => wanted.includes(draft)),
    walks: wholeNumber('walks', given.walks),
    steps: wholeNumber('steps', given.steps),
    seed: wholeNumber('seed', given.seed, { min: 0 }),
  };
}
