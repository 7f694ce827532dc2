/** The options of `npm run ask`: parsing and checking, nothing else. */
import { parseArgs } from 'node:util';
import { UsageError, usageErrorOf } from '../command-line/usage-error.mjs';

/** What `--help` prints. */
export const usage = `npm run ask -- [options]

  --model MODEL          a model folder in Hugging Face layout, a GGUF file, the URL of either, or a name on the hub:
                         owner/name, owner/name:Q4_K_M, owner/name@revision (default: the embedded model)
  --hub URL              a server that answers as the Hugging Face hub does, for names (default https://huggingface.co)
  --prompt TEXT          continue this text, without a chat template
  --prompt-ids 1,2,3     continue these token ids; nothing is added
  --question TEXT        ask this in the model's chat template
  --doc FILE             with --question: a text to read first
  --system TEXT          with --question: the system text
  --max-tokens N         tokens to generate at most (default 256)
  --temperature X        0 is greedy (default 0)
  --top-p X  --top-k N  --min-p X  --seed N
  --logprobs N           with --json: the N likeliest tokens at each step
  --pages-per-head N     budget of pages per KV head
  --rerank-interval N    steps between reranks
  --gpu-bytes N          limit of GPU memory, in bytes
  --exact                attend every page
  --weights f32|f16|q8|q4   how weights are stored (default: as quantised files have them, else f16)
  --kv f32|f16|int8      how keys and values are stored (default f16, int8 where the context has no room else)
  --host-kv same|int8    how they are stored outside the GPU (default same)
  --json                 print one JSON object instead of streaming text`;

const text = { type: /** @type {const} */ ('string') };
const flag = { type: /** @type {const} */ ('boolean') };
const schema = {
  model: text,
  hub: text,
  prompt: text,
  'prompt-ids': text,
  system: text,
  question: text,
  doc: text,
  'max-tokens': text,
  temperature: text,
  'top-p': text,
  'top-k': text,
  'min-p': text,
  seed: text,
  logprobs: text,
  'pages-per-head': text,
  'rerank-interval': text,
  'gpu-bytes': text,
  exact: flag,
  weights: text,
  kv: text,
  'host-kv': text,
  json: flag,
  help: flag,
};

function parse(args) {
  try {
    return parseArgs({ args, options: schema, allowPositionals: false }).values;
  } catch (error) {
    throw usageErrorOf(error);
  }
}

/** A number in `[min, max]`, or undefined when the option was not given. */
function number(values, name, { min = -Infinity, max = Infinity, isInteger = false } = {}) {
  const given = values[name];
  if (given === undefined) return undefined;
  const value = given.trim() === '' ? NaN : Number(given);
  const isFine =
    Number.isFinite(value) && value >= min && value <= max && (!isInteger || Number.isInteger(value));
  if (isFine) return value;
  const kind = isInteger ? 'a whole number' : 'a number';
  const range = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  throw new UsageError(`--${name} takes ${kind} ${range}, not '${given}'.`);
}

function choice(values, name, choices) {
  const given = values[name];
  if (given === undefined || choices.includes(given)) return given;
  throw new UsageError(
    `--${name} takes ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}, not '${given}'.`,
  );
}

function promptIds(values) {
  const given = values['prompt-ids'];
  if (given === undefined) return undefined;
  if (!/^\s*\d+\s*(,\s*\d+\s*)*$/.test(given)) {
    throw new UsageError(`--prompt-ids takes token ids such as 1,2,3, not '${given}'.`);
  }
  return given.split(',').map(Number);
}

/** Exactly one of a prompt, prompt ids and a question, and only a question goes with a document or a system text. */
function checkPrompt({ prompt, question, system, doc, 'prompt-ids': ids }) {
  const given = [prompt, ids, question].filter((value) => value !== undefined);
  if (given.length === 0) throw new UsageError('Give one of --question, --prompt and --prompt-ids.');
  if (given.length > 1) throw new UsageError('Give only one of --question, --prompt and --prompt-ids.');
  if (question === undefined && (system !== undefined || doc !== undefined)) {
    throw new UsageError('--system and --doc go with --question.');
  }
}

/**
 * Reads the command line.
 * @param {string[]} args
 * @returns what was asked for, checked and with defaults, or `{ help: true }`
 * @throws {UsageError} naming the option at fault
 */
export function parseOptions(args) {
  const values = parse(args);
  if (values.help) return { help: true };
  checkPrompt(values);
  const count = (name, min = 0, max) => number(values, name, { min, max, isInteger: true });
  return {
    model: values.model,
    hub: values.hub,
    prompt: values.prompt,
    promptIds: promptIds(values),
    system: values.system,
    question: values.question,
    doc: values.doc,
    maxTokens: count('max-tokens', 1) ?? 256,
    sampling: {
      temperature: number(values, 'temperature', { min: 0, max: 2 }) ?? 0,
      top_p: number(values, 'top-p', { min: 0, max: 1 }),
      top_k: count('top-k'),
      min_p: number(values, 'min-p', { min: 0, max: 1 }),
      seed: count('seed', 0, 2 ** 32 - 1),
    },
    numLogprobs: count('logprobs', 0, 20),
    kv: {
      pagesPerHead: count('pages-per-head', 1),
      rerankInterval: count('rerank-interval', 1),
      gpuBytes: count('gpu-bytes', 1),
      format: choice(values, 'kv', ['f32', 'f16', 'int8']),
      hostFormat: choice(values, 'host-kv', ['same', 'int8']),
    },
    isExact: values.exact ?? false,
    weights: choice(values, 'weights', ['f32', 'f16', 'q8', 'q4']),
    isJson: values.json ?? false,
  };
}
