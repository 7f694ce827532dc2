/** How fast a document is being read: what its progress says. */
import type { ReadingProgress } from './document-info';
import type { ModelConfig } from '../config/model-config';
import { tokenCost } from '../graph/prefill-plan';

/** How fast a reading goes, and how long the rest will take: work grows with the position, so tokens alone would not tell. */
export class ReadingPace {
  readonly #config: ModelConfig;
  readonly #numTokens: number;
  readonly #startedAt = performance.now();
  #first: number | undefined;

  constructor(config: ModelConfig, numTokens: number) {
    this.#config = config;
    this.#numTokens = numTokens;
  }

  /** At so many tokens, in order; the first call says where it began. */
  at(numReadTokens: number): Pick<ReadingProgress, 'tokensPerSecond' | 'secondsLeft'> {
    this.#first ??= numReadTokens;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const done = this.#cost(this.#first, numReadTokens);
    if (done === 0) return { tokensPerSecond: 0, secondsLeft: undefined };
    const left = this.#cost(numReadTokens, this.#numTokens);
    return {
      tokensPerSecond: (numReadTokens - this.#first) / seconds,
      secondsLeft: (left / done) * seconds,
    };
  }

  /** Multiply-adds of tokens `[from, to)`: their cost grows linearly. */
  #cost(from: number, to: number): number {
    return (to - from) * tokenCost(this.#config, (from + to) / 2);
  }
}
