/** Brings what heads would select to the stability observer, for the steps that it looks at. */
import { listTargets } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import { pageOf } from '../cache/page';
import type { Recorder } from '../gpu/recorder';
import type { Observation, StabilityObserver } from '../stability/stability-observer';
import { selectionReturn } from './selection-return';
import type { RiddenRow, StepReturn, StepRider } from './step-rider';

/** Rides along for an observer, which outlives it. */
export class ObservedSelections implements StepRider {
  readonly #cache: KvCache;
  readonly #observer: StabilityObserver;
  readonly #observed = new Map<number, Observation>();

  constructor(cache: KvCache, observer: StabilityObserver) {
    this.#cache = cache;
    this.#observer = observer;
  }

  before(_: Recorder, rows: readonly RiddenRow[]): void {
    this.#observed.clear();
    for (const row of rows) {
      if (row.isPromptEnd) {
        this.#observer.begin(row.sequence);
        continue;
      }
      const observation = this.#observer.observe(row.sequence, pageOf(row.position) + 1);
      if (!observation) continue;
      row.isObserved = true;
      this.#observed.set(row.sequence, observation);
    }
  }

  after(): StepReturn[] {
    return [...this.#observed].map(([sequence, observation]) =>
      selectionReturn(this.#cache, listTargets.observed, sequence, observation),
    );
  }

  end(sequence: number): void {
    this.#observer.end(sequence);
  }
}
