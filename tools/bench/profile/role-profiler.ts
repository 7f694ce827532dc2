/** GPU times of dispatches by kernel and role, and what they come to a step. */
import { Profiler, type KernelTime } from '../../../src/gpu/profiler';
import type { Device } from '../../../src/gpu/device';
import { DispatchRoles } from './dispatch-roles';

/** One kernel in one role. */
export interface ProfileEntry {
  readonly name: string;
  readonly numDispatches: number;
  readonly durationMs: number;
}

/** Where the GPU's time goes in a decode step. */
export interface StepProfile {
  /** Sums over the profiled steps, divided by their number; longest first. */
  readonly decode: readonly ProfileEntry[];
  readonly numDecodeSteps: number;
}

/** Names what it times by role. */
export class RoleProfiler extends Profiler {
  readonly #roles: DispatchRoles;

  constructor(device: Device, numLayers: number) {
    super(device);
    this.#roles = new DispatchRoles(numLayers);
  }

  override nextPass(name: string): GPUComputePassTimestampWrites | undefined {
    return super.nextPass(this.#roles.next(name));
  }
}

/** What decode steps took, each of which begins with one embedding of tokens. */
export function profileOfSteps(times: readonly KernelTime[]): StepProfile {
  const numDecodeSteps = times.find(({ name }) => name.startsWith('linear/embed'))?.numDispatches ?? 0;
  const decode = times.map(({ name, numDispatches, durationMs }) => ({
    name,
    numDispatches: numDispatches / numDecodeSteps,
    durationMs: durationMs / numDecodeSteps,
  }));
  return { decode, numDecodeSteps };
}
