/** How one sequence's tokens are chosen, and the words that tell the GPU so; ranges are checked at the public door. */
import { maxEosIds, maxTopLogprobs, settingsFlags, settingsWords } from '../kernels/sampler/sample';
import { assert } from '../util/assert';
import { EngineError } from '../util/errors';

/** Settings of one request. Everything left out is off; with nothing given, the most likely token is taken. */
export interface SamplerSettings {
  /** Divides the logits; 0 (and anything below 1e-6) takes the most likely token. Default 0. */
  readonly temperature?: number;
  /** Keeps the k most likely tokens; 0 = off. */
  readonly topK?: number;
  /** Keeps the fewest most likely tokens whose mass among those that top-k kept is at least this; 1 = off. */
  readonly topP?: number;
  /** Keeps tokens at least this fraction as likely as the most likely one; 0 = off. */
  readonly minP?: number;
  /** Divides positive and multiplies negative logits of tokens of prompt and answer; 1 = off. */
  readonly repetitionPenalty?: number;
  /** Subtracted from a token's logit for each time it stands in the answer; 0 = off. */
  readonly frequencyPenalty?: number;
  /** Subtracted once from the logit of every token that stands in the answer; 0 = off. */
  readonly presencePenalty?: number;
  /** 32 bits; the same seed draws the same token from the same logits at the same position. */
  readonly seed?: number;
  /** Log-probabilities to report: left out = none, 0 = of the chosen token only, n = also of the n most likely (≤ 20). */
  readonly numLogprobs?: number;
  /** Go on after an end-of-sequence token. */
  readonly ignoreEos?: boolean;
}

/** Below this a temperature counts as 0: its inverse would take logits out of f32's range. */
const leastTemperature = 1e-6;
/** Log mass that every token has. */
const anyLogMass = -1e30;

/** Whether a request needs the per-token history (prompt and answer counts, bias) on the GPU. */
export function needsHistory(settings: SamplerSettings, hasLogitBias: boolean): boolean {
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = settings;
  return hasLogitBias || repetitionPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
}

/** @throws EngineError `model-unsupported` when a model has more ids that end an answer than settings have room for */
export function checkEosIds(eosIds: readonly number[]): void {
  if (eosIds.length <= maxEosIds) return;
  throw new EngineError(
    'model-unsupported',
    `The model's files name ${eosIds.length} tokens that end an answer; this engine looks for ${maxEosIds} at most.`,
  );
}

/**
 * One row of `settings [sequences, 32]`, laid out as `Settings` in sample-common.wgsl.
 * `eosIds` has at most 16 ids; they are left out when the settings ignore the end of the sequence.
 */
export function encodeSamplerSettings(
  settings: SamplerSettings,
  { eosIds, hasHistory }: { readonly eosIds: readonly number[]; readonly hasHistory: boolean },
): Uint32Array<ArrayBuffer> {
  const {
    temperature = 0,
    topK = 0,
    topP = 1,
    minP = 0,
    repetitionPenalty = 1,
    frequencyPenalty = 0,
    presencePenalty = 0,
    seed = 0,
    numLogprobs,
    ignoreEos = false,
  } = settings;
  assert(eosIds.length <= maxEosIds, `${eosIds.length} end-of-sequence ids, room for ${maxEosIds}`);
  assert(
    (numLogprobs ?? 0) <= maxTopLogprobs,
    `${numLogprobs} log-probabilities, room for ${maxTopLogprobs}`,
  );
  const words = new Uint32Array(settingsWords);
  const floats = new Float32Array(words.buffer);
  floats[0] = temperature < leastTemperature ? 0 : 1 / temperature;
  words[1] = topK;
  floats[2] = topP;
  floats[3] = minP > 0 ? Math.log(minP) : anyLogMass;
  floats[4] = repetitionPenalty;
  floats[5] = 1 / repetitionPenalty;
  floats[6] = frequencyPenalty;
  floats[7] = presencePenalty;
  words[8] = seed;
  words[9] =
    (hasHistory ? settingsFlags.hasHistory : 0) | (numLogprobs === undefined ? 0 : settingsFlags.hasLogprobs);
  words[10] = numLogprobs ?? 0;
  if (!ignoreEos) {
    words[11] = eosIds.length;
    words.set(eosIds, settingsWords - maxEosIds);
  }
  return words;
}
