/** What measures how stable heads are while the engine answers: a part of its own, since a model with a profile needs none of it. */
import type { ModelConfig } from '../model/model-config';
import type { HeadProfile } from '../select/head-profile';
import type { MemoryPlan } from './memory-plan';
import { StabilityObserver } from './stability-observer';

export { MeasuredProfile } from './measured-profile';
export { readStoredProfile } from './profile-store';

/** Goes on from what was measured before with the same pages per head and window. */
export function newObserver(
  { layers }: ModelConfig,
  { cache, observe }: MemoryPlan,
  measured: HeadProfile | undefined,
): StabilityObserver | undefined {
  if (!observe) return undefined;
  const isAlike = measured?.pagesPerHead === cache.pagesPerHead && measured.window === observe.window;
  const selects = (layer: number) => layers[layer]!.slidingWindow === undefined;
  return new StabilityObserver(cache, observe, selects, isAlike ? measured : undefined);
}
