/** What measures how stable heads are while the engine answers: a part of its own, since a model with a profile needs none of it. */
import type { ModelConfig } from '../config/model-config';
import type { HeadProfile } from '../stability/head-profile';
import type { MemoryPlan } from '../runner/memory-plan';
import { StabilityObserver } from '../stability/stability-observer';

export { MeasuredProfile } from '../stability/measured-profile';
export { readStoredProfile } from '../stability/profile-store';

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
