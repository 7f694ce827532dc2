/** The options of `npm run eval`: parsing and checking, nothing else. */
import {
  flag,
  listOf,
  oneOf,
  optional,
  present,
  readOptions,
  text,
  UsageError,
  wholeNumber,
} from '../command-line/options';
import { splits, type Split } from './facts';
import type { Effort, PlanOptions } from './plan';
import { settings } from './settings';

/** What was asked for. */
export interface EvalOptions {
  /** Folder, GGUF file or URL; undefined: the embedded model. */
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

  --model DIR|FILE|URL  a model folder or a GGUF file (default: the embedded model)
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
  const values = readOptions(args, schema);
  if (values.help) return 'help';
  if (values.quick && values.full) throw new UsageError('Give only one of --quick and --full.');
  const effort: Effort = values.quick ? 'quick' : values.full ? 'full' : 'default';
  const names = optional(values.settings, listOf);
  const unknown = names?.find((name) => !settings.some((setting) => setting.name === name));
  if (unknown !== undefined) throw new UsageError(`--settings: there is no setting '${unknown}'.`);
  const plan: PlanOptions = {
    effort,
    ...present(
      'lengths',
      optional(values.lengths, listOf)?.map((length) => wholeNumber('lengths', length, { min: 512 })),
    ),
    ...present('numDocuments', count('documents', values.documents)),
    ...present('numPerTask', count('questions', values.questions)),
    ...present('settings', names),
    ...present('limitMinutes', count('minutes', values.minutes)),
  };
  return {
    model: values.model,
    runner: oneOf('runner', values.runner ?? 'browser', ['browser', 'node']),
    plan,
    split: oneOf('split', values.split ?? 'familiar', splits),
    seed: count('seed', values.seed) ?? 1,
    numParallel: count('parallel', values.parallel) ?? 1,
    gpuBytes: count('gpu-bytes', values['gpu-bytes']),
    outFolder: values.out ?? '.cache/eval',
    documentsPath: values['write-documents'],
  };
}

function count(name: string, given: string | undefined): number | undefined {
  return optional(given, (value) => wholeNumber(name, value));
}
