/** From what runs to numbers that can cross to the page. */
import type { ProfileOrigin } from '../stability/choose-profile';
import type { DeviceSide } from './device-side';
import type { GenerationTimings } from '../loop/generation-event';
import type { EngineStats, RequestTimings } from './stats';

/** What statistics tell beyond what stands on the device. */
interface LoadAndRequest {
  readonly profileOrigin: ProfileOrigin;
  readonly loadMs: number;
  /** Of the latest request that ended. */
  readonly lastRequest: GenerationTimings | undefined;
}

/** The statistics of this moment. */
export function collectStats(
  side: DeviceSide,
  { profileOrigin, loadMs, lastRequest }: LoadAndRequest,
): EngineStats {
  const { device, runner, loop, refusedVariants, numRecoveries } = side;
  const { live, total, peakTotal } = device.buffers.use;
  const { cache, counts, plan, tierBytes, streamedBytes } = runner;
  const { numLayers, numKvHeads, numSequences } = cache.shape;
  const sequences = Array.from({ length: numSequences }, (_, sequence) => sequence);
  const sum = (count: (sequence: number) => number) => sequences.reduce((total, s) => total + count(s), 0);
  const { answerMs, ...stalls } = runner.stallCounts;
  const perStep = (count: number) => (counts.steps === 0 ? 0 : count / counts.steps);
  return {
    adapter: device.adapter,
    isSoftwareAdapter: device.isSoftware,
    refusedVariants,
    compute: plan.activations.isInt8 && !refusedVariants.includes('packed-dot') ? 'int8' : 'float',
    timings: { loadMs, lastRequest: lastRequest && describeTimings(lastRequest) },
    memory: {
      gpuBytes: live,
      total,
      peakTotal,
      hostBytes: tierBytes.host,
      diskBytes: tierBytes.disk,
    },
    kv: {
      headProfile: profileOrigin,
      unstableShare: plan.unstableShare.inForce,
      pages: numLayers * numKvHeads * sum((sequence) => cache.numPages(sequence)),
      residentPages: sum((sequence) => cache.numResident(sequence)),
      tierBytes,
      ...runner.rerankCounts,
      streamedBytes,
      ...stalls,
      stallShare: answerMs === 0 ? 0 : Math.min(1, stalls.stallMs / answerMs),
    },
    gpu: {
      dispatchesPerToken: perStep(counts.dispatches),
      submitsPerToken: perStep(counts.submits),
      readbacksPerToken: perStep(counts.readbacks),
      buffersPerToken: perStep(counts.buffers),
    },
    recoveries: numRecoveries,
    requests: { running: loop.numRunning, waiting: loop.numWaiting },
  };
}

function describeTimings({ prefillMs, stepMs }: GenerationTimings): RequestTimings {
  const sum = stepMs.reduce((total, ms) => total + ms, 0);
  return { prefillMs, stepMs, decodeMsPerToken: stepMs.length === 0 ? 0 : sum / stepMs.length };
}
