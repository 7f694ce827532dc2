/** The options of `npm run verify`: parsing and checking, nothing else. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { UsageError, usageErrorOf } from '../command-line/usage-error.mjs';

export const usage = `npm run verify -- [--model FILE.gguf] [options]

Greedy tokens and log-probabilities of a model against llama.cpp (WebAssembly, one CPU thread) on the same weights,
which it gets in f32: with quantised ones it rounds activations to 8 bits. That file takes 4 bytes a weight under .cache/.
Or against transformers, which dequantises the file itself: $PYTHON (default: python3) must have torch, transformers,
accelerate and gguf.

  --model FILE          a GGUF file (default: every one in the folder $LONGPAGE_MODELS)
  --reference llama.cpp|transformers   (default llama.cpp)
  --text FILE           prompts are its first tokens (default: public/models/scout/README.md)
  --lengths 1,16,…      lengths of the prompts, in tokens (default 1,16,17,512)
  --steps N             tokens to generate after each (default 100)
  --arithmetic f32|f16  f32: weights dequantised to f32 and f32 keys and values, within 2e-3;
                        f16: as an application loads it, within 0.15 (default f32)
  --json                print one JSON object instead of a table`;

/** What to compare. */
export interface VerifyOptions {
  readonly model: string;
  readonly reference: 'llama.cpp' | 'transformers';
  readonly text: string;
  readonly lengths: readonly number[];
  readonly numSteps: number;
  readonly arithmetic: 'f32' | 'f16';
  readonly isJson: boolean;
}

const text = { type: 'string' } as const;
const schema = {
  model: text,
  reference: text,
  text,
  lengths: text,
  steps: text,
  arithmetic: text,
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/**
 * The options for one model or several.
 * @param folder where to look for models when none is named; undefined for nowhere
 * @throws UsageError naming the option at fault
 */
export function parseOptions(args: readonly string[], folder?: string): VerifyOptions[] | 'help' {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: schema, allowPositionals: false }));
  } catch (error) {
    throw usageErrorOf(error);
  }
  if (values.help) return 'help';
  const {
    model,
    arithmetic = 'f32',
    reference = 'llama.cpp',
    lengths = '1,16,17,512',
    steps = '100',
  } = values;
  if (arithmetic !== 'f32' && arithmetic !== 'f16')
    throw new UsageError(`--arithmetic takes f32 or f16, not '${arithmetic}'.`);
  if (reference !== 'llama.cpp' && reference !== 'transformers')
    throw new UsageError(`--reference takes llama.cpp or transformers, not '${reference}'.`);
  const models = model === undefined ? modelsIn(folder) : [model];
  return models.map((model) => ({
    model,
    reference,
    text: values.text ?? 'public/models/scout/README.md',
    lengths: lengths.split(',').map((length) => count('lengths', length)),
    numSteps: count('steps', steps),
    arithmetic,
    isJson: values.json ?? false,
  }));
}

/** The GGUF files of a folder, by name. */
function modelsIn(folder: string | undefined): string[] {
  if (!folder) return [];
  if (!existsSync(folder)) throw new UsageError(`The folder '${folder}' of LONGPAGE_MODELS does not exist.`);
  const names = readdirSync(folder).filter((name) => name.endsWith('.gguf'));
  return names.sort().map((name) => join(folder, name));
}

function count(name: string, given: string): number {
  const value = /^\d{1,6}$/.test(given) ? Number(given) : 0;
  if (value > 0) return value;
  throw new UsageError(`--${name} takes whole numbers from 1, not '${given}'.`);
}
