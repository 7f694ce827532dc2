/** The options of `npm run eval`: parsing and checking, nothing else. */
import { parseArgs } from 'node:util';
import { splits, type Split } from './facts';
import type { Effort, PlanOptions } from './plan';
import { settings } from './settings';

/** A mistake in how the command was called: one line for the person who did, exit code 2. */
export class UsageError extends Error {}

/** What was asked for. */
export interface EvalOptions {
  /** Folder or URL; undefined: the embedded model. */
  readonly model: string | undefined;
  readonly runner: 'browser' | 'node';
  readonly plan: PlanOptions;
  readonly split: Split;
  readonly seed: number;
  /** Questions that are answered at the same time. */
  readonly numParallel: number;
  /** GPU bytes beside the weights; undefined: the engine's own limit. */
  readonly gpuBytes: number | undefined;
  /** Folder for `eval.json` and `eval.svg`. */
  readonly outFolder: string;
  /** File for the documents and questions as JSON lines; nothing is run then. */
  readonly documentsPath: string | undefined;
}

/** What `--help` prints. */
export const usage = `npm run eval -- [options]

  --model DIR|URL       a model folder in Hugging Face layout (default: the embedded model)
  --runner browser|node the built library in headless Chromium (default), or Dawn for Node
  --quick               two short documents, five settings
  --full                4 k to 32 k tokens, every setting: for a GPU
  --settings A,B        ${settings.map(({ name }) => name).join(', ')}
                        ('dense' is always run)
  --lengths 1024,4096   lengths of documents in tokens, every kind at each
  --documents N         documents of each kind and length
  --questions N         questions per task and document
  --minutes N           leave out settings that would end later (default 15, none with --full)
  --parallel N          answer so many questions at the same time (default 1)
  --split familiar|heldout
                        names and words that Scout's training knew (default), or that it never saw
  --seed N              of documents and resampling (default 1)
  --gpu-bytes N         limit of GPU memory beside the weights
  --out DIR             where eval.json and eval.svg go (default .cache/eval)
  --write-documents FILE
                        write documents and questions as JSON lines and stop

LONGPAGE_ADAPTER=system uses this machine's GPU in the node runner too.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
const schema = {
  model: text,
  runner: text,
  quick: flag,
  full: flag,
  settings: text,
  lengths: text,
  documents: text,
  questions: text,
  minutes: text,
  parallel: text,
  split: text,
  seed: text,
  'gpu-bytes': text,
  out: text,
  'write-documents': text,
  help: flag,
} as const;

/** Reads the command line; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): EvalOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  if (values.quick && values.full) throw new UsageError('Give only one of --quick and --full.');
  const effort: Effort = values.quick ? 'quick' : values.full ? 'full' : 'default';
  const names = list(values.settings);
  const unknown = names?.find((name) => !settings.some((setting) => setting.name === name));
  if (unknown !== undefined) throw new UsageError(`--settings: there is no setting '${unknown}'.`);
  const plan: PlanOptions = {
    effort,
    ...present(
      'lengths',
      list(values.lengths)?.map((length) => number('lengths', length, 512)),
    ),
    ...present('numDocuments', count('documents', values.documents)),
    ...present('numPerTask', count('questions', values.questions)),
    ...present('settings', names),
    ...present('limitMinutes', count('minutes', values.minutes)),
  };
  return {
    model: values.model,
    runner: choice('runner', values.runner, ['browser', 'node']) ?? 'browser',
    plan,
    split: choice('split', values.split, splits) ?? 'familiar',
    seed: count('seed', values.seed) ?? 1,
    numParallel: count('parallel', values.parallel) ?? 1,
    gpuBytes: count('gpu-bytes', values['gpu-bytes']),
    outFolder: values.out ?? '.cache/eval',
    documentsPath: values['write-documents'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: schema, allowPositionals: false }).values;
  } catch (error) {
    // Node goes on to explain how to pass values that start with '-': its first sentence is what is wrong.
    const [sentence = ''] = (error as Error).message.split(/\.?\n|\. /);
    throw new UsageError(sentence.replace(/\.?$/, '.'));
  }
}

function count(name: string, given: string | undefined): number | undefined {
  return given === undefined ? undefined : number(name, given, 1);
}

function number(name: string, given: string, min: number): number {
  const value = /^\d+$/.test(given) ? Number(given) : NaN;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new UsageError(`--${name} takes whole numbers of at least ${min}, not '${given}'.`);
}

function choice<T extends string>(
  name: string,
  given: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (given === undefined || (choices as readonly string[]).includes(given)) return given as T | undefined;
  throw new UsageError(
    `--${name} takes ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)!}, not '${given}'.`,
  );
}

function list(given: string | undefined): string[] | undefined {
  return given
    ?.split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The field where it has a value: types here tell a missing field from an undefined one. */
function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
