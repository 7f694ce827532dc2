/** CPU twin of sampler/sample: one plain step, sorting where the shader searches. */
import { fromF16Bits } from '../../util/f16';

/** Settings of one sequence, complete; the meaning of each is in src/sampler/settings.ts. */
export interface ReferenceSettings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
  readonly seed: number;
  readonly numLogprobs?: number;
  readonly eosIds: readonly number[];
  readonly hasHistory: boolean;
}

/** Buffers of one step, as the shader has them. */
export interface SampleStep {
  readonly vocabSize: number;
  /** `[rows, vocabSize]` */
  readonly logits: Float32Array;
  /** `[rows, 4]` */
  readonly rows: Uint32Array;
  /** `[sequences]` */
  readonly settings: readonly ReferenceSettings[];
  /** `[sequences, vocabSize]` */
  readonly history: Uint32Array;
  readonly tokens: Uint32Array;
  readonly done: Uint32Array;
}

/** The outcome of one row. */
interface SampleResult {
  readonly tokenId: number;
  readonly isDone: boolean;
  readonly wasDone: boolean;
  readonly isBroken: boolean;
  readonly logprobs: { chosen: number; top: { tokenId: number; logprob: number }[] } | undefined;
}

const largest = Math.fround(1e30);

function bounded(logit: number): number {
  return Number.isNaN(logit) ? -largest : Math.max(-largest, Math.min(largest, logit));
}

function adjusted(logit: number, word: number, settings: ReferenceSettings): number {
  let value = logit;
  const { repetitionPenalty, frequencyPenalty, presencePenalty } = settings;
  const count = (word >>> 16) & 0x7fff;
  if (word >>> 16 !== 0) value = value > 0 ? value / repetitionPenalty : value * repetitionPenalty;
  if (count > 0) value -= count * frequencyPenalty + presencePenalty;
  return bounded(Math.fround(value + fromF16Bits(word & 0xffff)));
}

/** Gumbel noise of (seed, position, token), from the hash pcg3d (Jarzynski and Olano 2020). */
function gumbelNoise(seed: number, position: number, token: number): number {
  const mix = (value: number) => (Math.imul(value, 1664525) + 1013904223) | 0;
  let [x, y, z] = [mix(seed), mix(position), mix(token)];
  x = (x + Math.imul(y, z)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  x = (x + Math.imul(y, z)) | 0;
  const v = Math.min((Math.fround(x >>> 0) + 0.5) / 2 ** 32, 1 - 2 ** -24);
  return -Math.log(-Math.log1p(-v));
}

/** Token ids, most likely first, ties to the lower id. */
function descending(values: Float64Array): Uint32Array {
  return Uint32Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
}

function draw(values: Float64Array, position: number, settings: ReferenceSettings): number {
  const order = descending(values);
  const { temperature, topK, topP, minP, seed } = settings;
  if (temperature === 0) return order[0]!;
  const maximum = values[order[0]!]!;
  const logMass = (token: number) => (values[token]! - maximum) / temperature;
  let kept = topK > 0 ? order.subarray(0, topK) : order;
  if (topP < 1) {
    let total = 0;
    for (const token of kept) total += Math.exp(logMass(token));
    let numKept = 0;
    for (let sum = 0; numKept < kept.length && (numKept === 0 || sum < topP * total); numKept++) {
      sum += Math.exp(logMass(kept[numKept]!));
    }
    kept = kept.subarray(0, numKept);
  }
  let best = { token: order[0]!, score: -Infinity };
  for (const token of kept) {
    if (minP > 0 && logMass(token) < Math.log(minP)) continue;
    const score = logMass(token) + gumbelNoise(seed, position, token);
    if (score > best.score || (score === best.score && token < best.token)) best = { token, score };
  }
  return best.token;
}

function logprobsOf(raw: Float64Array, token: number, numTop: number): SampleResult['logprobs'] {
  const order = descending(raw);
  const maximum = raw[order[0]!]!;
  let sum = 0;
  for (const value of raw) sum += Math.exp(value - maximum);
  const logprob = (tokenId: number) => raw[tokenId]! - maximum - Math.log(sum);
  const top = Array.from(order.subarray(0, numTop), (tokenId) => ({ tokenId, logprob: logprob(tokenId) }));
  return { chosen: logprob(token), top };
}

function rawLogits({ vocabSize, logits }: SampleStep, row: number): Float64Array {
  return Float64Array.from(logits.subarray(row * vocabSize, (row + 1) * vocabSize), bounded);
}

/** The logits of a row after penalties and bias. */
export function adjustedLogits(step: SampleStep, row: number): Float64Array {
  const sequence = step.rows[4 * row]!;
  const settings = step.settings[sequence]!;
  const raw = rawLogits(step, row);
  if (!settings.hasHistory) return raw;
  const start = sequence * step.vocabSize;
  return raw.map((value, token) => adjusted(value, step.history[start + token]!, settings));
}

/** Samples every row; writes `tokens`, `done` and `history` in place and returns a result a row. Sums in f64. */
export function sample(step: SampleStep): SampleResult[] {
  const { vocabSize, rows, settings: all, history, tokens, done } = step;
  return Array.from({ length: rows.length / 4 }, (_, row): SampleResult => {
    const sequence = rows[4 * row]!;
    const settings = all[sequence]!;
    if (done[sequence])
      return {
        tokenId: tokens[sequence]!,
        isDone: true,
        wasDone: true,
        isBroken: false,
        logprobs: undefined,
      };
    const raw = rawLogits(step, row);
    const values = adjustedLogits(step, row);
    const tokenId = draw(values, rows[4 * row + 1]!, settings);
    const isDone = settings.eosIds.includes(tokenId);
    tokens[sequence] = tokenId;
    if (isDone) done[sequence] = 1;
    if (settings.hasHistory) history[sequence * vocabSize + tokenId]! += 0x10000;
    const { numLogprobs } = settings;
    const logprobs = numLogprobs === undefined ? undefined : logprobsOf(raw, tokenId, numLogprobs);
    const isBroken = !Number.isFinite(step.logits[row * vocabSize + tokenId]);
    return { tokenId, isDone, wasDone: false, isBroken, logprobs };
  });
}
