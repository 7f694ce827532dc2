/** The fields that chat and legacy completions share: checked, and turned into what the engine takes. */
import type { SamplingDefaults } from '../config/sampling-defaults';
import type { SamplingSettings, SourcesRequest } from '../loop/generation';
import { checkedInteger, checkedNumber, quoted, type RequestReader } from './request-reader';

/** What the door knows of the loaded model. */
export interface RequestContext {
  /** Name of the loaded model: `model` may be left out, but must not name another. */
  modelName?: string;
  /** Further names that `model` may have. */
  aliases?: readonly string[];
  /** Number of token ids; those in a request must be below it (default: not checked here). */
  vocabSize?: number;
  /** The text of the model's chat template: what tools it knows, and how it thinks. */
  chatTemplate?: string | undefined;
  /** What fields of sampling that a request leaves out are (default: all off, temperature 1). */
  sampling?: SamplingDefaults;
  /** Draws a seed for a request without one, an unsigned 32-bit integer (default: `crypto.getRandomValues`). */
  drawSeed?: () => number;
}

/** How the caller wants the answer presented; the engine does not need it. */
export interface ResponseOptions {
  isStream: boolean;
  includeUsage: boolean;
  hasTokenIds: boolean;
  /** Answers to the one request. */
  numChoices: number;
}

/** What both kinds of request come to, besides prompt and log-probabilities. */
interface CommonOptions {
  maxTokens: number | undefined;
  stop: string[];
  sampling: SamplingSettings;
  isExact: boolean;
  ignoreEos: boolean;
  sources?: SourcesRequest;
  response: ResponseOptions;
}

const maxNumStops = 16;
const maxNumPassages = 20;
const maxNumTokens = Number.MAX_SAFE_INTEGER;

/** Takes the shared fields. @throws TypeError, RangeError naming the field. */
export function readCommonOptions(reader: RequestReader, context: RequestContext): CommonOptions {
  checkModel(reader.string('model'), context);
  reader.string('user');
  const numPassages = readNumPassages(reader);
  return {
    maxTokens: reader.integer('max_tokens', { min: 1, max: maxNumTokens }),
    stop: readStops(reader),
    sampling: readSampling(reader, context),
    isExact: reader.boolean('exact') ?? false,
    ignoreEos: reader.boolean('ignore_eos') ?? false,
    ...(numPassages > 0 && { sources: { numPassages } }),
    response: readResponseOptions(reader),
  };
}

function readNumPassages(reader: RequestReader): number {
  const value = reader.take('sources') ?? false;
  if (typeof value === 'boolean') return value ? 3 : 0;
  if (typeof value !== 'number') throw reader.wrongType('sources', 'true, false or a number', value);
  return checkedInteger(value, 'sources', { min: 1, max: maxNumPassages });
}

/** @throws RangeError where `name` is neither the loaded model's nor an alias */
export function checkModel(
  name: string | undefined,
  { modelName: loaded, aliases = [] }: RequestContext,
): void {
  if (name === undefined || loaded === undefined || name === loaded || aliases.includes(name)) return;
  throw new RangeError(
    `"model" is ${quoted(name)}, but "${loaded}" is loaded; leave it out, load the other with Engine.load, ` +
      'or name it among the "aliases" of this one.',
  );
}

function readStops(reader: RequestReader): string[] {
  const value = reader.take('stop');
  if (value === undefined) return [];
  const stops: unknown[] = Array.isArray(value) ? value : [value];
  if (stops.length > maxNumStops) {
    throw new RangeError(`"stop" must have at most ${maxNumStops} strings, not ${stops.length}.`);
  }
  return stops.map((stop) => {
    if (typeof stop !== 'string') throw reader.wrongType('stop', 'a string or a list of strings', stop);
    if (stop === '') throw new RangeError('"stop" must not have an empty string.');
    return stop;
  });
}

function readSampling(reader: RequestReader, context: RequestContext): SamplingSettings {
  const share = { min: 0, max: 1 };
  const penalty = { min: -2, max: 2 };
  const usesDefaults = reader.boolean('default_sampling') ?? true;
  const defaults: SamplingDefaults = usesDefaults ? (context.sampling ?? {}) : {};
  return {
    temperature: reader.number('temperature', { min: 0, max: 2 }) ?? defaults.temperature ?? 1,
    topP: reader.number('top_p', share) ?? defaults.topP ?? 1,
    topK: reader.integer('top_k', { min: 0, max: maxNumTokens }) ?? defaults.topK ?? 0,
    minP: reader.number('min_p', share) ?? defaults.minP ?? 0,
    repetitionPenalty:
      reader.number('repetition_penalty', { min: 0.01, max: 100 }) ?? defaults.repetitionPenalty ?? 1,
    frequencyPenalty: reader.number('frequency_penalty', penalty) ?? 0,
    presencePenalty: reader.number('presence_penalty', penalty) ?? 0,
    seed: readSeed(reader, context.drawSeed ?? drawSeed),
    logitBias: readLogitBias(reader, context.vocabSize),
  };
}

/** The seed as 32 bits: itself where it fits, else both halves mixed. */
function readSeed(reader: RequestReader, draw: () => number): number {
  const range = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
  const seed = reader.integer('seed', range) ?? draw();
  return (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
}

function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

function readLogitBias(reader: RequestReader, vocabSize = Number.MAX_SAFE_INTEGER): [number, number][] {
  const value = reader.take('logit_bias');
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw reader.wrongType('logit_bias', 'an object from token id to bias', value);
  }
  return Object.entries(value)
    .map(([key, bias]): [number, number] => {
      if (!/^(0|[1-9]\d*)$/.test(key)) {
        throw new TypeError(`"logit_bias" must have token ids as keys, not ${quoted(key)}.`);
      }
      const id = checkedInteger(Number(key), 'logit_bias (a token id)', { min: 0, max: vocabSize - 1 });
      return [id, checkedNumber(bias, `logit_bias.${key}`, { min: -100, max: 100 })];
    })
    .sort(([a], [b]) => a - b);
}

function readResponseOptions(reader: RequestReader): ResponseOptions {
  const isStream = reader.boolean('stream') ?? false;
  const options = reader.object('stream_options');
  const includeUsage = options?.boolean('include_usage') ?? false;
  // Chunks are never padded: who asks for padding loses nothing on a wire that nobody listens to.
  options?.boolean('include_obfuscation');
  options?.refuseRest();
  if (options && !isStream) throw new TypeError('"stream_options" needs "stream": true.');
  return {
    isStream,
    includeUsage,
    hasTokenIds: reader.boolean('return_token_ids') ?? false,
    numChoices: reader.integer('n', { min: 1, max: 128 }) ?? 1,
  };
}
