/** The options of `npm run bench -- kv`: parsing and checking, nothing else. */
import { kvModes, type KvBenchOptions } from './cases';
import { shapeNames, type Fill } from './shapes';
import { flag, oneOf, readOptions, text, UsageError, wholeNumber } from '../../command-line/options';

/** What was asked for. */
export interface KvCommand extends KvBenchOptions {
  /** One question over 131,072 tokens instead of the cases. */
  readonly isLong: boolean;
  readonly runner: 'browser' | 'node';
  /** File for the JSON; undefined: a new one under `.cache/bench/`. */
  readonly jsonPath: string | undefined;
}

/** What `bench -- kv --help` prints. */
export const kvUsage = `npm run bench -- kv [options]

GPU bytes and speed of decoding over long contexts, which are put in place without a prefill.

  --lengths A,B     tokens of context, multiples of 16 (default 4096,8192,16384,32768)
  --modes A,B       exact, per-step (all heads unstable), pause, overlap (default all)
  --sequences A,B   sequences that decode side by side (default 1,4,8)
  --kv A,B          f16, f32, int8 (default f16)
  --steps N         steps of each sequence that are measured (default 300)
  --fill random|drift
                    queries that jump, so that nearly all pages are promoted, or drift (default drift)
  --rco X           overlap of a selection with the next that drift aims at (default 0.7)
  --shape NAME      ${shapeNames.join(', ')}: random weights of this shape (default scout)
  --share X         share of unstable heads (default 0.25)
  --pages-per-head N  --interval N
                    pages that a head attends (default 64), steps from rerank to rerank (default 16)
  --at-once         all layers rerank at the same step
  --two-kernels     pages are always scored by one kernel and selected by another
  --profile         GPU time of a step by kernel as well, where the adapter has timestamps
  --long            instead: a prefilled question and 64 tokens over 131,072 tokens of a small shape
  --quick           4096 and 8192 tokens, 1 sequence, 48 steps, unless told otherwise
  --runner browser|node
                    headless Chromium, or Dawn for Node (default browser)
  --json FILE       where the JSON goes (default: a new file under .cache/bench/)`;

const schema = {
  lengths: text,
  modes: text,
  sequences: text,
  kv: text,
  steps: text,
  fill: text,
  rco: text,
  shape: text,
  share: text,
  'pages-per-head': text,
  interval: text,
  'at-once': flag,
  'two-kernels': flag,
  profile: flag,
  long: flag,
  quick: flag,
  runner: text,
  json: text,
  help: flag,
} as const;

function list<T>(given: string | undefined, usual: readonly T[], read: (entry: string) => T): readonly T[] {
  return given === undefined ? usual : given.split(',').map((entry) => read(entry.trim()));
}

const choice =
  <T extends string>(name: string, choices: readonly T[]) =>
  (given: string): T =>
    oneOf(name, given, choices);

const count =
  (name: string, min: number, max: number, step = 1) =>
  (given: string): number =>
    wholeNumber(name, given, { min, max, step });

function share(name: string, given: string | undefined, usual: number, isInside: (value: number) => boolean) {
  const value = given === undefined ? usual : Number(given);
  if (given === '' || !isInside(value))
    throw new UsageError(`--${name} takes a number from 0 to 1, not '${given}'.`);
  return value;
}

/** Reads what follows `kv`; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseKvOptions(args: readonly string[]): KvCommand | 'help' {
  const values = readOptions(args, schema);
  if (values.help) return 'help';
  const { quick: isQuick } = values;
  const one = <T>(given: string | undefined, usual: T, read: (entry: string) => T) =>
    given === undefined ? usual : read(given);
  const kind = one(values.fill, 'drift', choice('fill', ['random', 'drift'] as const));
  if (kind === 'random' && values.rco !== undefined) throw new UsageError('--rco goes with --fill drift.');
  const overlap = share('rco', values.rco, 0.7, (value) => value > 0 && value < 1);
  const fill: Fill = kind === 'random' ? { kind } : { kind, overlap };
  return {
    shape: one(values.shape, 'scout', choice('shape', shapeNames)),
    fill,
    lengths: list(
      values.lengths,
      isQuick ? [4096, 8192] : [4096, 8192, 16_384, 32_768],
      count('lengths', 16, 2 ** 20, 16),
    ),
    modes: list(values.modes, kvModes, choice('modes', kvModes)),
    sequences: list(values.sequences, isQuick ? [1] : [1, 4, 8], count('sequences', 1, 8)),
    formats: list(values.kv, ['f16'], choice('kv', ['f16', 'f32', 'int8'] as const)),
    steps: one(values.steps, isQuick ? 48 : 300, count('steps', 1, 100_000)),
    unstableShare: share('share', values.share, 0.25, (value) => value >= 0 && value <= 1),
    pagesPerHead: one(values['pages-per-head'], 64, count('pages-per-head', 2, 256)),
    rerankInterval: one(values.interval, 16, count('interval', 1, 65_536)),
    isStaggered: !values['at-once'],
    isFused: !values['two-kernels'],
    hasProfile: values.profile,
    isLong: values.long,
    runner: one(values.runner, 'browser', choice('runner', ['browser', 'node'] as const)),
    jsonPath: values.json,
  };
}
