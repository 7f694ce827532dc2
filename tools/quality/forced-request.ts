/** An answer whose tokens are known beforehand: the model decodes them as if it had chosen them, step by step. */
import type { GenerationRequest } from '../../src/loop/generation';
import { LoopRequest } from '../../src/loop/loop-request';
import type { HistoryStart } from '../../src/sampler/history';
import type { SampledToken } from '../../src/sampler/results';
import { requestOf } from '../node/requests';

/** What lifts a token above every other: the greatest number of f16. Log-probabilities are those before it. */
const certain = 65_504;

/** Runs through the engine's own decoding. `done` resolves to what each step gave. */
export class ForcedRequest extends LoopRequest {
  readonly request: GenerationRequest;
  readonly origin = undefined;
  readonly maxSampled: number;
  readonly done: Promise<readonly SampledToken[]>;
  readonly #steps: SampledToken[] = [];
  #resolve!: (steps: readonly SampledToken[]) => void;
  #reject!: (error: unknown) => void;

  /**
   * @param answerIds at least one
   * @param options of the request, such as `logprobs` and `isExact`
   */
  constructor(
    readonly promptIds: readonly number[],
    readonly answerIds: readonly number[],
    options: Parameters<typeof requestOf>[1],
  ) {
    super();
    this.request = requestOf(promptIds, { ...options, ignoreEos: true });
    this.maxSampled = answerIds.length;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
  }

  /** Every step has a history of its own, in which the text's next token is the likeliest. */
  override nextHistory(): HistoryStart {
    const next = this.answerIds[this.numSampled];
    // Steps in flight beyond the end give tokens that nobody waits for.
    return { logitBias: next === undefined ? [] : [[next, certain]] };
  }

  protected override begun(): void {
    this.#steps.length = 0;
  }

  override confirm(token: SampledToken): void {
    this.numConfirmed++;
    const index = this.#steps.length;
    const expected = this.answerIds[index]!;
    if (token.tokenId !== expected) {
      return this.fail(
        new Error(`Step ${index} gave the token ${token.tokenId}, not the text's ${expected}.`),
      );
    }
    this.sequence?.tokens.push(expected);
    this.#steps.push(token);
    if (this.#steps.length < this.maxSampled) return;
    this.finish();
    this.#resolve(this.#steps);
  }

  override fail(error: unknown): void {
    this.finish();
    this.#reject(error);
  }
}
