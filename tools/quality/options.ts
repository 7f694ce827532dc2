/** The options of `npm run quality`: parsing and checking, nothing else. */
import { flag, listOf, optional, readOptions, text, UsageError, wholeNumber } from '../command-line/options';
import { settings, usualSettings } from './settings';

/** What was asked for. */
export interface QualityOptions {
  /** Folder, GGUF file or URL; undefined: the embedded model. */
  readonly model: string | undefined;
  readonly textPaths: readonly string[];
  /** Tokens of a passage. */
  readonly lengths: readonly number[];
  /** Tokens that are scored in a passage. */
  readonly numSteps: number;
  /** Passages of each text at each length. */
  readonly numPassages: number;
  /** Passages that are decoded at the same time, 1 to 8. */
  readonly numParallel: number;
  readonly settings: readonly string[];
  /** Whether each setting also answers freely, by the clock. */
  readonly isTimed: boolean;
  /** Tokens that each setting answers each passage's prompt with, greedily; 0: none. */
  readonly numFree: number;
  /** File of a head profile; undefined: the one in `public/profiles/`, or the model's own. */
  readonly profilePath: string | undefined;
  readonly gpuBytes: number;
  readonly outPath: string;
}

/** What `--help` prints. */
export const usage = `npm run quality -- --text FILE [options]

Decodes texts token by token, each token the text's own, once attending everything and once in each setting, and compares
what the model would have said: perplexity ÷ dense perplexity, mean divergence (KL, from the 20 likeliest tokens
of both and the text's, all others as one), and how often both find the same token likeliest. Runs under Dawn for Node.

  --model DIR|FILE|URL  a model folder or a GGUF file (default: the embedded model)
  --text FILE           a text in UTF-8; may be given several times
  --lengths 4096,8192   tokens of a passage, the scored ones included (default 4096)
  --steps N             tokens scored in each passage, its last ones (default 256)
  --passages N          passages of each text and length, spread over it (default 1)
  --parallel N          passages decoded at the same time, 1 to 8 (default 1)
  --settings A,B        ${settings.map(({ name }) => name).join(', ')}
                        (default: ${usualSettings.length} of them)
  --speed               also answer freely once in each setting, alone, and say how fast
  --free N              also answer every prompt freely with N tokens, greedily: where the answer leaves dense
                        attention's, and how often both say four tokens again (default 0)
  --profile FILE        the head profile (default: the model's in public/profiles/)
  --gpu-bytes N         limit of GPU memory beside the weights (default 2147483648)
  --out FILE            where the figures go as JSON (default .cache/quality/quality.json)

LONGPAGE_ADAPTER=system uses this machine's GPU.`;

const schema = {
  model: text,
  text: { type: 'string', multiple: true },
  lengths: text,
  steps: text,
  passages: text,
  parallel: text,
  settings: text,
  speed: flag,
  free: text,
  profile: text,
  'gpu-bytes': text,
  out: text,
  help: flag,
} as const;

/** Reads the command line; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): QualityOptions | 'help' {
  const values = readOptions(args, schema);
  if (values.help) return 'help';
  if (!values.text) throw new UsageError('--text names the text to score; see --help.');
  const names = optional(values.settings, listOf) ?? usualSettings;
  const unknown = names.find((name) => !settings.some((setting) => setting.name === name));
  if (unknown !== undefined) throw new UsageError(`--settings: there is no setting '${unknown}'.`);
  const count = (
    name: 'steps' | 'passages' | 'parallel' | 'gpu-bytes' | 'free',
    usual: number,
    max?: number,
  ) => optional(values[name], (given) => wholeNumber(name, given, max === undefined ? {} : { max })) ?? usual;
  const numSteps = count('steps', 256);
  const lengths = (optional(values.lengths, listOf) ?? ['4096']).map((length) =>
    wholeNumber('lengths', length, { min: numSteps + 16 }),
  );
  return {
    model: values.model,
    textPaths: values.text,
    lengths,
    numSteps,
    numPassages: count('passages', 1),
    numParallel: count('parallel', 1, 8),
    settings: names,
    isTimed: values.speed,
    numFree: count('free', 0),
    profilePath: values.profile,
    gpuBytes: count('gpu-bytes', 2 ** 31),
    outPath: values.out ?? '.cache/quality/quality.json',
  };
}
