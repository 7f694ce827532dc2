/** GPU time by kernel of a prefill and of decode steps, from timestamp queries: what to make faster first. */
import type { Effort } from '../models';
import type { NodeEngine } from '../node-engine';
import { tracePrefill, type PrefillTrace } from './prefill-trace';
import { promptIds } from '../prompt-ids';
import { profileOfSteps, RoleProfiler, type ProfileEntry, type StepProfile } from './role-profiler';

/** Where the GPU's time goes; entries are longest first. */
export interface Profile extends StepProfile {
  readonly prefillTokens: number;
  /** What the host did for prefills that were not timed by the GPU. */
  readonly traces: readonly PrefillTrace[];
  readonly prefill: readonly ProfileEntry[];
}

/** Prefills that the host is watched at. */
const numTraces = 5;

/** Steps that are under way before the first token arrives, and so before profiling can begin. */
const numStepsAhead = 4;

/** Profiles a warmed-up engine; undefined when its device has no timestamps. */
export async function profile(engine: NodeEngine, { prefillTokens }: Effort): Promise<Profile | undefined> {
  const { core, isSoftware } = engine;
  const { device, config } = core;
  if (!device.features.has('timestamp-query')) return undefined;
  const { recorder } = core.runner;
  const numSteps = isSoftware ? 2 : 8;
  const profiler = new RoleProfiler(device, config.numLayers);
  const traces: PrefillTrace[] = [];
  for (let seed = 190; seed < 190 + numTraces; seed++) {
    traces.push(await tracePrefill(engine, promptIds(config.vocabSize, prefillTokens, seed)));
  }
  try {
    recorder.profiler = profiler;
    await engine.complete(promptIds(config.vocabSize, prefillTokens, 200), 1);
    recorder.profiler = undefined;
    const prefill = await profiler.take();

    const ids = promptIds(config.vocabSize, prefillTokens, 201);
    await engine.complete(ids, numStepsAhead + numSteps, () => (recorder.profiler = profiler));
    recorder.profiler = undefined;
    return { prefillTokens, traces, prefill, ...profileOfSteps(await profiler.take()) };
  } finally {
    recorder.profiler = undefined;
    profiler.destroy();
  }
}
