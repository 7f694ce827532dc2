/** Brings what heads would select to the stability observer, for the steps that it looks at. */
import { listTargets } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import { pageOf } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import type { Observation, StabilityObserver } from '../stability/stability-observer';
import type { GpuBuffer } from '../gpu/buffer';
import { selectionReturn } from './selection-return';
import { heldMassBytes } from './slot-bytes';
import type { RiddenRow, StepReturn, StepRider } from './step-rider';

/** Rides along for an observer, which outlives it. */
export class ObservedSelections implements StepRider {
  readonly #cache: KvCache;
  readonly observer: StabilityObserver;
  readonly #heldMasses: GpuBuffer;
  readonly #observed = new Map<number, Observation>();

  /** @param heldMasses with digests: what `held-mass` writes, `[layers, kvHeads, 2]` */
  constructor(cache: KvCache, observer: StabilityObserver, heldMasses: GpuBuffer) {
    this.#cache = cache;
    this.observer = observer;
    this.#heldMasses = heldMasses;
  }

  before(_: Recorder, rows: readonly RiddenRow[]): void {
    this.#observed.clear();
    for (const row of rows) {
      if (row.isPromptEnd) {
        this.observer.begin(row.sequence);
        continue;
      }
      const observation = this.observer.observe(row.sequence, pageOf(row.position) + 1);
      if (!observation) continue;
      row.observed = observation;
      this.#observed.set(row.sequence, observation);
    }
  }

  after(): StepReturn[] {
    const sizeBytes = heldMassBytes(this.#cache.shape);
    return [...this.#observed].map(([sequence, observation]) => {
      if (sizeBytes === 0) {
        return selectionReturn(this.#cache, listTargets.observed, sequence, (words) =>
          observation.take(words),
        );
      }
      const { parts } = selectionReturn(this.#cache, listTargets.observed, sequence, () => undefined);
      return {
        parts: [...parts, { source: this.#heldMasses, offsetBytes: 0, sizeBytes }],
        receive: (words) => {
          const end = words.length - sizeBytes / 4;
          const masses = new Float32Array(words.buffer, words.byteOffset + 4 * end, sizeBytes / 4);
          observation.take(words.subarray(0, end), masses);
        },
      };
    });
  }

  end(sequence: number): void {
    this.observer.end(sequence);
  }
}
