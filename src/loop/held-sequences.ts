/** Sequences that are taken and belong to no request: on their way back to the GPU, or being stored. */
import type { PageId } from '../cache/page';
import { EngineError } from '../util/errors';
import type { ModelRunner } from '../runner/model-runner';
import type { SummarySource } from '../runner/restorer';
import type { Sequence } from '../runner/sequence';
import type { SequenceStore } from './sequence-store';

/** Where a restored sequence comes from. */
export interface RestoreSource {
  /** Its pages, where they are known from an earlier cache. */
  readonly ids?: readonly PageId[];
  readonly summaries?: SummarySource;
  /** The import that they come from. */
  readonly origin?: string | undefined;
}

/** Restores and holds sequences of one runner. */
export class HeldSequences {
  readonly #runner: ModelRunner;
  readonly #store: SequenceStore;
  /** Ends of what holds a sequence. None of these rejects. */
  readonly #held = new Set<Promise<void>>();
  readonly #onRoom: (() => void)[] = [];
  #isHalted = false;

  constructor(runner: ModelRunner, store: SequenceStore) {
    this.#runner = runner;
    this.#store = store;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Brings a sequence back, as `StepLoop.restore` says; `isBusy` tells whether requests run that may yet give room. */
  async restore(
    tokens: readonly number[],
    bring: (ids: readonly PageId[]) => Promise<void> | void,
    { ids, summaries, origin }: RestoreSource,
    isBusy: () => boolean,
  ): Promise<void> {
    const sequence = await this.#adopt(tokens.length, ids, isBusy);
    await this.hold(this.#bringBack(sequence, { tokens, origin }, bring, summaries));
  }

  /** Requests wait for the room that a sequence takes until `work` on it is done. */
  async hold(work: Promise<void>): Promise<void> {
    const settled = work.catch(() => undefined);
    this.#held.add(settled);
    try {
      await work;
    } finally {
      this.#held.delete(settled);
    }
  }

  /** Resolves when nothing is held. */
  async released(): Promise<void> {
    while (this.#held.size > 0) await Promise.race(this.#held);
  }

  /** Somebody gave back a sequence: who waits for room may try again. */
  tellRoom(): void {
    for (const resolve of this.#onRoom.splice(0)) resolve();
  }

  /** The device is gone: who waits for room fails. Resolves when nothing is held of what is held now. */
  async halt(): Promise<void> {
    this.#isHalted = true;
    this.tellRoom();
    await Promise.all(this.#held);
  }

  async #adopt(
    numTokens: number,
    ids: readonly PageId[] | undefined,
    isBusy: () => boolean,
  ): Promise<Sequence> {
    for (;;) {
      if (this.#isHalted) throw new EngineError('device-lost', 'The GPU device was lost.');
      const sequence = this.#store.adopt(numTokens, ids);
      if (sequence) return sequence;
      if (!isBusy() && this.#held.size === 0) {
        throw new EngineError('context-too-long', `There is no room for a document of ${numTokens} tokens.`);
      }
      await new Promise<void>((resolve) => this.#onRoom.push(resolve));
    }
  }

  async #bringBack(
    sequence: Sequence,
    { tokens, origin }: { readonly tokens: readonly number[]; readonly origin: string | undefined },
    bring: (ids: readonly PageId[]) => Promise<void> | void,
    summaries: SummarySource | undefined,
  ): Promise<void> {
    try {
      await bring(this.#runner.cache.pagesOf(sequence.index));
      await this.#runner.restore(sequence, summaries);
      this.#store.settle(sequence, tokens, origin);
    } catch (error) {
      this.#store.forget(sequence);
      throw error;
    } finally {
      this.tellRoom();
    }
  }
}
