/** The options of `npm run bench`: parsing and checking, nothing else. */
import { parseArgs } from 'node:util';
import type { WeightFormat } from '../../src/kernels/linear/weight-format';
import type { EffortOptions } from '../../test/bench/models';

/** A mistake in how the command was called: one line for the person who did, exit code 2. */
export class UsageError extends Error {}

/** What was asked for. */
export interface BenchOptions {
  /** Names or folders of models; undefined: all that there are; empty: none. */
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

  --models A,B      names (scout, stories260K, tiny-llama, qwen2-0.5b) or folders; 'none'; default: all
  --runner browser|node
                    the built library in headless Chromium (default), or Dawn for Node
  --weights f32|f16|q8|q4
                    how weights are stored (default f16, for the Qwen2 shape q4)
  --prefill N  --decode N  --rounds N
                    tokens of a prompt, tokens after it, repetitions (default: by model and adapter)
  --quick           less of everything
  --peers           llama.cpp on the Qwen2 shape too, not only on stories260K
  --matvec          GB/s of the 4-bit matvecs beside a copy's; done anyway on a GPU; node runner
  --matvec-layers N layers whose weights it reads (default 32, on a software adapter 2)
  --profile         GPU time by kernel; node runner
  --json FILE       where the JSON goes (default: a new file under .cache/bench/)

LONGPAGE_ADAPTER=system uses this machine's GPU in the node runner too.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;
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
  if (given === undefined) return undefined;
  const value = /^\d+$/.test(given) ? Number(given) : 0;
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new UsageError(`--${name} takes a whole number of at least 1, not '${given}'.`);
  }
  return value;
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

/** Reads the command line; `'help'` when that is what was asked for. @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const values = parse(args);
  if (values.help) return 'help';
  const needsNode = values.profile || values.matvec;
  const given = choice('runner', values.runner, ['browser', 'node']);
  if (given === 'browser' && needsNode) {
    throw new UsageError('--profile and --matvec go with --runner node.');
  }
  const effort: EffortOptions = {
    isQuick: values.quick,
    ...present('prefillTokens', count('prefill', values.prefill)),
    ...present('decodeTokens', count('decode', values.decode)),
    ...present('rounds', count('rounds', values.rounds)),
  };
  return {
    models: modelList(values.models),
    runner: given ?? (needsNode ? 'node' : undefined),
    weights: choice('weights', values.weights, ['f32', 'f16', 'q8', 'q4']),
    effort,
    hasPeers: values.peers,
    hasMatvec: values.matvec,
    numMatvecLayers: count('matvec-layers', values['matvec-layers']),
    hasProfile: values.profile,
    jsonPath: values.json,
  };
}

function modelList(given: string | undefined): string[] | undefined {
  if (given === undefined) return undefined;
  const names = given
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new UsageError("--models takes names or folders, or 'none'.");
  return names.length === 1 && names[0] === 'none' ? [] : names;
}

/** The field where it has a value: types here tell a missing field from an undefined one. */
function present<K extends string>(key: K, value: number | undefined): Partial<Record<K, number>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, number>);
}
