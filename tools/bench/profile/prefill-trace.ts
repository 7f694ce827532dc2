/** What the host does for one prefill: how it is cut into slices, and where it works, waits for the GPU, or leaves it idle. */
import type { NodeEngine } from '../node-engine';

/** Host's view of one prefill, in milliseconds and counts. */
export interface PrefillTrace {
  readonly tokens: number;
  /** From the request to its first token. */
  readonly totalMs: number;
  readonly slices: number;
  readonly submits: number;
  readonly dispatches: number;
  /** Buffers mapped: what comes back to the host, how many bytes of it, and how long the host reads them. */
  readonly maps: number;
  readonly mappedBytes: number;
  readonly readMs: number;
  /** Writing pages to the host store. */
  readonly storeMs: number;
  /** Recording and submitting slices. */
  readonly recordMs: number;
  /** The part of it in the queue's own `submit`. */
  readonly submitMs: number;
  /** With no slice under way at the GPU, from the first slice on; recording is part of it. */
  readonly idleMs: number;
  /** Before the first slice is recorded. */
  readonly beforeMs: number;
}

/** Puts another method in place of `target[name]`; the returned function undoes it. */
function replace<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = target[name];
  target[name] = make(original);
  return () => void (target[name] = original);
}

/** Runs one prompt of ids and watches it. Nothing else may run on the engine. */
export async function tracePrefill(engine: NodeEngine, ids: readonly number[]): Promise<PrefillTrace> {
  const { runner, device } = engine.core;
  const before = { ...runner.recorder.counts };
  const sums = {
    ...{ slices: 0, maps: 0, mappedBytes: 0, readMs: 0, storeMs: 0 },
    ...{ recordMs: 0, submitMs: 0, idleMs: 0 },
  };
  const timed = <T>(sum: 'readMs' | 'storeMs' | 'recordMs' | 'submitMs', work: () => T): T => {
    const from = performance.now();
    const result = work();
    sums[sum] += performance.now() - from;
    return result;
  };
  const startedAt = performance.now();
  let firstAt: number | undefined;
  let numUnderWay = 0;
  let idleSince = 0;
  const undo = [
    replace(device.handle.queue, 'submit', (original) => (buffers) => {
      timed('submitMs', () => original.call(device.handle.queue, buffers));
    }),
    replace(
      GPUBuffer.prototype,
      'mapAsync',
      (original) =>
        function (this: GPUBuffer, ...args) {
          sums.maps++;
          return original.apply(this, args);
        },
    ),
    replace(
      GPUBuffer.prototype,
      'getMappedRange',
      (original) =>
        function (this: GPUBuffer, ...args) {
          const range = original.apply(this, args);
          range.slice = (...part) => {
            const bytes = timed('readMs', () => ArrayBuffer.prototype.slice.apply(range, part));
            sums.mappedBytes += bytes.byteLength;
            return bytes;
          };
          return range;
        },
    ),
    replace(runner.hostStore, 'write', (original) => (...args) => {
      return timed('storeMs', () => original.apply(runner.hostStore, args));
    }),
    replace(runner, 'submitSlice', (original) => (sequence) => {
      const from = performance.now();
      firstAt ??= idleSince = from;
      const result = timed('recordMs', () => original.call(runner, sequence));
      sums.slices++;
      if (numUnderWay === 0) sums.idleMs += performance.now() - idleSince;
      numUnderWay++;
      const done = result.done.finally(() => {
        numUnderWay--;
        idleSince = performance.now();
      });
      return { ...result, done };
    }),
  ];
  try {
    await engine.complete(ids, 1);
    const totalMs = (await engine.stats()).timings.lastRequest!.prefillMs;
    const { submits, dispatches } = runner.recorder.counts;
    return {
      tokens: ids.length,
      totalMs,
      ...sums,
      submits: submits - before.submits,
      dispatches: dispatches - before.dispatches,
      beforeMs: firstAt! - startedAt,
    };
  } finally {
    for (const step of undo) step();
  }
}
