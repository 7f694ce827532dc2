/** The options of `npm run bench`: parsing and checking, nothing else. */
import type { WeightFormat } from '../../src/kernels/linear/weight-format';
import type { EffortOptions } from './models';
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

/** What was asked for. */
export interface BenchOptions {
  /** Names, folders or GGUF files of models; undefined: all that there are; empty: none. */
  readonly models: readonly string[] | undefined;
  /** Undefined: the browser, where there is one. */
  readonly runner: 'browser' | 'node' | undefined;
  readonly weights: WeightFormat | undefined;
  readonly effort: EffortOptions;
  /** Peers also on the large shape. */
  readonly hasPeers: boolean;
  /** Also where the adapter is software. */
  readonly hasMatvec: boolean;
  readonly numMatvecLayers: number | undefined;
  readonly hasProfile: boolean;
  /** File for the JSON; undefined: a new one under `.cache/bench/`. */
  readonly jsonPath: string | undefined;
}

/** What `--help` prints. */
export const usage = `npm run bench -- [options]       speed and memory per model
npm run bench -- kv [options]    the KV hierarchy over long contexts; has its own --help

  --models A,B      names (scout, stories260K, tiny-llama, qwen2-0.5b), folders, GGUF files; 'none'; default: all
  --runner browser|node
                    the built library in headless Chromium (default), or Dawn for Node
  --weights f32|f16|q8|q4
                    how weights are stored (default f16, for the Qwen2 shape q4, a GGUF file's own)
  --prefill N  --decode N  --rounds N
                    tokens of a prompt, tokens after it, repetitions (default: by model and adapter)
  --quick           less of everything
  --peers           llama.cpp on the Qwen2 shape too, not only on stories260K
  --matvec          GB/s of the 4-bit matvecs beside a kernel's that only reads; done anyway on a GPU; node runner
  --matvec-layers N layers whose weights it reads (default 32, on a software adapter 2)
  --profile         GPU time by kernel; node runner
  --json FILE       where the JSON goes (default: a new file under .cache/bench/)

LONGPAGE_ADAPTER=system uses this machine's GPU in the node runner too.`;

const schema = {
  models: text,
  runner: text,
  weights: text,
  prefill: text,
  decode: text,
  rounds: text,
  quick: flag,
  peers: flag,
  matvec: flag,
  'matvec-layers': text,
  profile: flag,
  json: text,
  help: flag,
} as const;

function count(name: string, given: string | undefined): number | undefined {
  return optional(given, (value) => wholeNumber(name, value));
}

/** Reads the command line; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const values = readOptions(args, schema);
  if (values.help) return 'help';
  const needsNode = values.profile || values.matvec;
  const runner = optional(values.runner, (given) => oneOf('runner', given, ['browser', 'node'] as const));
  if (runner === 'browser' && needsNode) {
    throw new UsageError('--profile and --matvec go with --runner node.');
  }
  const effort: EffortOptions = {
    isQuick: values.quick,
    ...present('prefillTokens', count('prefill', values.prefill)),
    ...present('decodeTokens', count('decode', values.decode)),
    ...present('rounds', count('rounds', values.rounds)),
  };
  return {
    models: optional(values.models, modelList),
    runner: runner ?? (needsNode ? 'node' : undefined),
    weights: optional(values.weights, (given) => oneOf('weights', given, ['f32', 'f16', 'q8', 'q4'])),
    effort,
    hasPeers: values.peers,
    hasMatvec: values.matvec,
    numMatvecLayers: count('matvec-layers', values['matvec-layers']),
    hasProfile: values.profile,
    jsonPath: values.json,
  };
}

function modelList(given: string): string[] {
  const names = listOf(given);
  if (names.length === 0) throw new UsageError("--models takes names, folders or GGUF files, or 'none'.");
  return names.length === 1 && names[0] === 'none' ? [] : names;
}
