/** The options of `npm run verify`: parsing and checking, nothing else. */
import { parseArgs } from 'node:util';
import { UsageError, usageErrorOf } from '../command-line/usage-error.mjs';

export const usage = `npm run verify -- --model FILE.gguf [options]

Greedy tokens and log-probabilities of a model against llama.cpp (WebAssembly, one CPU thread) on the same weights,
which it gets in f32: with quantised ones it rounds activations to 8 bits. That file takes 4 bytes a weight under .cache/.

  --model FILE          a GGUF file
  --text FILE           prompts are its first tokens (default: public/models/scout/README.md)
  --lengths 1,16,…      lengths of the prompts, in tokens (default 1,16,17,512)
  --steps N             tokens to generate after each (default 100)
  --arithmetic f32|f16  f32: weights dequantised to f32 and f32 keys and values, within 2e-3;
                        f16: as an application loads it, within 0.15 (default f32)
  --json                print one JSON object instead of a table`;

/** What to compare. */
export interface VerifyOptions {
  readonly model: string;
  readonly text: string;
  readonly lengths: readonly number[];
  readonly numSteps: number;
  readonly arithmetic: 'f32' | 'f16';
  readonly isJson: boolean;
}

const text = { type: 'string' } as const;
const schema = {
  model: text,
  text,
  lengths: text,
  steps: text,
  arithmetic: text,
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** @throws UsageError naming the option at fault */
export function parseOptions(args: readonly string[]): VerifyOptions | 'help' {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: schema, allowPositionals: false }));
  } catch (error) {
    throw usageErrorOf(error);
  }
  if (values.help) return 'help';
  const { model, arithmetic = 'f32', lengths = '1,16,17,512', steps = '100' } = values;
  if (model === undefined) throw new UsageError('Name a GGUF file with --model.');
  if (arithmetic !== 'f32' && arithmetic !== 'f16')
    throw new UsageError(`--arithmetic takes f32 or f16, not '${arithmetic}'.`);
  return {
    model,
    text: values.text ?? 'public/models/scout/README.md',
    lengths: lengths.split(',').map((length) => count('lengths', length)),
    numSteps: count('steps', steps),
    arithmetic,
    isJson: values.json ?? false,
  };
}

function count(name: string, given: string): number {
  const value = /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  throw new UsageError(`--${name} takes whole numbers from 1, not '${given}'.`);
}
