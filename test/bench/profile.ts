/** GPU time by kernel of a prefill and of decode steps, from timestamp queries: what to make faster first. */
import { Profiler } from '../../src/gpu/profiler';
import type { Device } from '../../src/gpu/device';
import { DispatchRoles } from './dispatch-roles';
import type { Effort } from './models';
import type { NodeEngine } from './node-engine';
import { promptIds } from './prompt-ids';

/** One kernel in one role. */
export interface ProfileEntry {
  readonly name: string;
  readonly numDispatches: number;
  readonly durationMs: number;
}

/** Where the GPU's time goes; entries are longest first. */
export interface Profile {
  readonly prefillTokens: number;
  readonly prefill: readonly ProfileEntry[];
  /** Of one step: sums over the profiled steps, divided by their number. */
  readonly decode: readonly ProfileEntry[];
  readonly numDecodeSteps: number;
}

/** Names what it times by role. */
class RoleProfiler extends Profiler {
  readonly #roles: DispatchRoles;

  constructor(device: Device, numLayers: number) {
    super(device);
    this.#roles = new DispatchRoles(numLayers);
  }

  override nextPass(name: string): GPUComputePassTimestampWrites | undefined {
    return super.nextPass(this.#roles.next(name));
  }
}

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
  try {
    recorder.profiler = profiler;
    await engine.complete(promptIds(config.vocabSize, prefillTokens, 200), 1);
    recorder.profiler = undefined;
    const prefill = await profiler.take();

    const ids = promptIds(config.vocabSize, prefillTokens, 201);
    await engine.complete(ids, numStepsAhead + numSteps, () => (recorder.profiler = profiler));
    recorder.profiler = undefined;
    const sums = await profiler.take();
    const numDecodeSteps = sums.find(({ name }) => name.startsWith('linear/embed'))?.numDispatches ?? 0;
    const decode = sums.map(({ name, numDispatches, durationMs }) => ({
      name,
      numDispatches: numDispatches / numDecodeSteps,
      durationMs: durationMs / numDecodeSteps,
    }));
    return { prefillTokens, prefill, decode, numDecodeSteps };
  } finally {
    recorder.profiler = undefined;
    profiler.destroy();
  }
}
