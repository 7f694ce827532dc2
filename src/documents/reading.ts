/** A document on its way through the prefill: a request of the step loop that samples nothing. */
import { LoopRequest } from '../loop/loop-request';
import type { Sequence } from '../runner/sequence';

/** Where a reading is: its sequence has KV of the first `numTokens` tokens, which are whole pages at a segment's border. */
type OnBorder = (sequence: Sequence, numTokens: number) => void;

/** Reads token ids, whole pages of them. */
export class Reading extends LoopRequest {
  override readonly isReading = true;
  readonly maxSampled = 0;
  readonly request = undefined;
  readonly promptIds: readonly number[];
  readonly origin: string | undefined;
  /** Settles when all is read, or with what ended it before. */
  readonly done: Promise<void>;
  /** What it failed with, be it after its end: pages may be lost while they are stored. */
  failure: unknown;
  readonly #onBorder: OnBorder;
  readonly #stored: (() => Promise<void>) | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /**
   * @param onBorder called at every segment border, first with what was there already; again so after a lost device
   * @param stored what the sequence's pages are still needed for when the reading ends, which never rejects; absent: nothing
   */
  constructor(
    { ids, origin }: { readonly ids: readonly number[]; readonly origin?: string | undefined },
    onBorder: OnBorder,
    stored?: () => Promise<void>,
  ) {
    super();
    this.promptIds = ids;
    this.origin = origin;
    this.#onBorder = onBorder;
    this.#stored = stored;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who waits for it learns of a failure; nobody else need.
    this.done.catch(() => undefined);
  }

  protected override begun(sequence: Sequence, numCached: number): void {
    this.#onBorder(sequence, numCached);
  }

  override advance(numTokens: number): void {
    if (this.isOver()) return;
    this.#onBorder(this.sequence!, numTokens);
    if (numTokens < this.promptIds.length) return;
    this.finish();
    this.#resolve();
  }

  override fail(error: unknown): void {
    this.finish();
    this.failure ??= error;
    this.#reject(error);
  }

  override get stored(): Promise<void> | undefined {
    return this.#stored?.();
  }
}
