/** How a model's makers would have it sampled, as `generation_config.json` says it. Pure. */
import { isJsonObject } from '../util/json';

/** What requests that say nothing else are sampled with; ranges are those of `SamplingSettings`. */
export interface SamplingDefaults {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
}

const fields = {
  temperature: { name: 'temperature', min: 0, max: 2 },
  topP: { name: 'top_p', min: 0, max: 1 },
  topK: { name: 'top_k', min: 0, max: 2 ** 31 },
  minP: { name: 'min_p', min: 0, max: 1 },
  repetitionPenalty: { name: 'repetition_penalty', min: 0.01, max: 100 },
} as const;

/**
 * The defaults of a `generation_config.json`. `do_sample: false` is a temperature of 0; a field that is missing, null or out of range
 * (some files switch `top_k` off by -1) is left out: no model is refused for what it only recommends.
 */
export function parseSamplingDefaults(generation: unknown): SamplingDefaults {
  if (!isJsonObject(generation)) return {};
  const entries = Object.entries(fields).flatMap(([key, { name, min, max }]) => {
    const value = generation[name];
    const isUsable = typeof value === 'number' && value >= min && value <= max;
    return isUsable && (key !== 'topK' || Number.isInteger(value)) ? [[key, value] as const] : [];
  });
  const defaults = Object.fromEntries(entries) as SamplingDefaults;
  return generation.do_sample === false ? { ...defaults, temperature: 0 } : defaults;
}
