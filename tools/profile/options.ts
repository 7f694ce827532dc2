/** The options of `npm run profile`: parsing and checking, nothing else. */
import {
  flag,
  oneOf,
  optional,
  present,
  readOptions,
  text,
  UsageError,
  wholeNumber,
} from '../command-line/options';

/** What was asked for. */
export interface ProfileOptions {
  /** Folder, GGUF file or URL; undefined: the embedded model. */
  readonly model: string | undefined;
  readonly runner: 'browser' | 'node';
  /** Files of texts to decode on; none: documents of two task families are built. */
  readonly textPaths: readonly string[];
  /** File of questions about a text; undefined: the text is continued. */
  readonly questionsPath: string | undefined;
  /** Whether texts are continued as they go on themselves, and not as the model would. */
  readonly isFollowing: boolean;
  /** Decode steps for a text, or for each family. */
  readonly numSteps: number;
  /** What pages are chosen by while it is measured; by digests also the mass lost is, and classes follow it. */
  readonly selection: 'digest' | 'minmax';
  /** What the profile says that answers attend by default; undefined: nothing, so that heads select. */
  readonly attention: 'all' | 'selected' | undefined;
  /** Steps of a chunk. */
  readonly interval: number;
  /** K; undefined: 64, or a quarter of the pages where those are fewer than 256. */
  readonly pagesPerHead: number | undefined;
  /** Tokens of built documents, and of a text at most. */
  readonly lengthTokens: number;
  readonly seed: number;
  /** GPU bytes beside the weights; undefined: the engine's own limit. */
  readonly gpuBytes: number | undefined;
  /** Where the profile goes; undefined: `public/profiles/`, under the name by which engines look for it. */
  readonly outPath: string | undefined;
}

/** What `--help` prints. */
export const usage = `npm run profile -- [options]

  --model DIR|FILE|URL  a model folder in Hugging Face layout, or a GGUF file (default: the embedded model)
  --text FILE           decode on this text; may be given several times, the unstable heads of texts are compared;
                        without it on built documents of two task families: records (lists and JSON
                        from a register) and needles (quotations, numbers and chains from a haystack)
  --questions FILE      with one --text: what to ask about it, one question a line; without it the text is continued
  --follow-text         a text is continued with its own words, not with the model's: for base models,
                        which soon repeat themselves; in the node runner
  --runner browser|node the built library in headless Chromium (default), or Dawn for Node
  --steps N             decode steps on the text, or for each family (default 512)
  --selection HOW       digest (default): unstable are heads that lose softmax mass by holding their pages; or
                        minmax: heads whose pages change most, the paper's way
  --attention all       for the profile: answers attend the whole context where nobody says otherwise, since
                        selecting costs this model too much, as npm run quality tells
  --interval N          steps of a chunk over which stability is measured, 2 to 64 (default 16)
  --pages-per-head K    pages that a head selects (default 64, or a quarter of the pages where that is less:
                        with more, any two selections look alike)
  --length N            tokens of the built documents, or of the text at most (default 4608)
  --seed N              of the built documents (default 1)
  --gpu-bytes N         limit of GPU memory beside the weights
  --out FILE            where the profile goes (default: into public/profiles/, where the page looks for it,
                        under a name that tells the model by its weights)

LONGPAGE_ADAPTER=system uses this machine's GPU in the node runner too.`;

const schema = {
  model: text,
  text: { type: 'string', multiple: true },
  questions: text,
  'follow-text': flag,
  runner: text,
  steps: text,
  selection: text,
  attention: text,
  interval: text,
  'pages-per-head': text,
  length: text,
  seed: text,
  'gpu-bytes': text,
  out: text,
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): ProfileOptions | 'help' {
  const values = readOptions(args, schema);
  if (values.help) return 'help';
  const runner = oneOf('runner', values.runner ?? 'browser', ['browser', 'node']);
  const textPaths = values.text ?? [];
  if (values.questions !== undefined && textPaths.length !== 1) {
    throw new UsageError('--questions goes with one --text.');
  }
  const isFollowing = values['follow-text'];
  if (isFollowing && (textPaths.length === 0 || values.questions !== undefined || runner !== 'node')) {
    throw new UsageError('--follow-text goes with --text and --runner node, without --questions.');
  }
  const interval = count('interval', values.interval, 2, 64) ?? 16;
  const numSteps = count('steps', values.steps) ?? 512;
  if (numSteps < interval) {
    throw new UsageError(`--steps ${numSteps} is not even one chunk of ${interval} steps.`);
  }
  return {
    model: values.model,
    runner,
    textPaths,
    questionsPath: values.questions,
    isFollowing,
    numSteps,
    selection: oneOf('selection', values.selection ?? 'digest', ['digest', 'minmax']),
    attention: optional(values.attention, (given) => oneOf('attention', given, ['all', 'selected'])),
    interval,
    pagesPerHead: count('pages-per-head', values['pages-per-head'], 2, 256),
    lengthTokens: count('length', values.length, 256) ?? 4608,
    seed: count('seed', values.seed) ?? 1,
    gpuBytes: count('gpu-bytes', values['gpu-bytes']),
    outPath: values.out,
  };
}

function count(name: string, given: string | undefined, min?: number, max?: number): number | undefined {
  return optional(given, (value) =>
    wholeNumber(name, value, { ...present('min', min), ...present('max', max) }),
  );
}
