/** A text on its way to its vector: a request of the step loop that samples nothing, and whose pages serve no other. */
import type { Pooling } from '../config/pooling';
import { readFinalHidden } from '../graph/final-hidden';
import type { GraphContext } from '../graph/graph-context';
import type { HiddenReader } from '../graph/prefill-graph';
import { LoopRequest } from '../loop/loop-request';
import { PooledRows } from './pooled-rows';

let numEmbeddings = 0;

/** Pools the last hidden states of token ids, at least one. */
export class Embedding extends LoopRequest {
  override readonly isReading = true;
  readonly maxSampled = 0;
  readonly request = undefined;
  readonly promptIds: readonly number[];
  /** Of its own: every token goes through the model, whatever texts begin alike. */
  readonly origin = `embedding ${++numEmbeddings}`;
  /** The rows of all tokens; rejects with what ended it before. */
  readonly rows: Promise<PooledRows>;
  readonly #pooling: Pooling;
  #pooled: PooledRows;
  #resolve: (rows: PooledRows) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  readonly #width: number;

  /** @param width values of a hidden state */
  constructor(ids: readonly number[], pooling: Pooling, width: number) {
    super();
    this.promptIds = ids;
    this.#pooling = pooling;
    this.#width = width;
    this.#pooled = new PooledRows(pooling, width);
    this.rows = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who waits for it learns of a failure; nobody else need.
    this.rows.catch(() => undefined);
  }

  protected override begun(): void {
    // After a lost device it begins anew.
    this.#pooled = new PooledRows(this.#pooling, this.#width);
  }

  override hiddenReader(context: GraphContext): Promise<HiddenReader> {
    const pooled = this.#pooled;
    return readFinalHidden(context, this.#pooling !== 'lasttoken', (rows) => pooled.add(rows));
  }

  override advance(numTokens: number): void {
    if (this.isOver() || numTokens < this.promptIds.length) return;
    this.finish();
    this.#resolve(this.#pooled);
  }

  override fail(error: unknown): void {
    this.finish();
    this.#reject(error);
  }
}
