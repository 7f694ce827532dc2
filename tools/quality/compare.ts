/** What two ways of attending give for the same tokens, in numbers. Pure. */

/** One step: the log-probability of the text's token, and of the likeliest ones, best first. Natural logarithms. */
export interface ScoredStep {
  readonly target: number;
  readonly targetLogprob: number;
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}

/** A setting against dense attention, over all scored tokens. */
export interface Comparison {
  readonly numTokens: number;
  readonly densePerplexity: number;
  readonly perplexity: number;
  /** perplexity ÷ dense perplexity. */
  readonly perplexityRatio: number;
  /** Mean divergence of a step (`stepDivergence`), in nats. */
  readonly meanKl: number;
  /** Divergence that one step in a hundred reaches. */
  readonly kl99: number;
  /** Share of the steps at which both find the same token likeliest. */
  readonly top1Agreement: number;
  /** Share of the steps at which the likeliest token is the text's. */
  readonly denseTop1: number;
  readonly top1: number;
}

/**
 * Kullback–Leibler divergence of `other` from `dense` in nats, over the tokens whose probability both have told, and all others as one
 * token. What is joined can only hide differences: it is a lower bound of the whole vocabulary's divergence.
 */
export function stepDivergence(dense: ScoredStep, other: ScoredStep): number {
  const [p, q] = [probabilities(dense), probabilities(other)];
  let sum = 0;
  let [restP, restQ] = [1, 1];
  for (const [id, ofDense] of p) {
    const ofOther = q.get(id);
    if (ofOther === undefined) continue;
    sum += Math.exp(ofDense) * (ofDense - ofOther);
    restP -= Math.exp(ofDense);
    restQ -= Math.exp(ofOther);
  }
  // Sums of f32 logarithms may pass 1 by their rounding: what is left is then nothing.
  if (restP > leastRest && restQ > leastRest) sum += restP * Math.log(restP / restQ);
  return Math.max(0, sum);
}

const leastRest = 1e-6;

function probabilities({ target, targetLogprob, ids, logprobs }: ScoredStep): Map<number, number> {
  return new Map([[target, targetLogprob], ...ids.map((id, i) => [id, logprobs[i]!] as const)]);
}

/** @throws RangeError for steps that are not of the same tokens */
export function compareSteps(dense: readonly ScoredStep[], other: readonly ScoredStep[]): Comparison {
  if (dense.length === 0 || dense.length !== other.length) {
    throw new RangeError(
      `There are ${dense.length} steps of dense attention and ${other.length} to compare.`,
    );
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const perplexityOf = (steps: readonly ScoredStep[]) =>
    Math.exp(-mean(steps.map(({ targetLogprob }) => targetLogprob)));
  const shareOf = (isSo: (step: ScoredStep, index: number) => boolean) =>
    mean(dense.map((step, i) => Number(isSo(step, i))));
  const divergences = dense.map((step, i) => {
    if (step.target !== other[i]!.target) throw new RangeError(`Step ${i} is of another token.`);
    return stepDivergence(step, other[i]!);
  });
  const [densePerplexity, perplexity] = [perplexityOf(dense), perplexityOf(other)];
  const sorted = [...divergences].sort((a, b) => a - b);
  return {
    numTokens: dense.length,
    densePerplexity,
    perplexity,
    perplexityRatio: perplexity / densePerplexity,
    meanKl: mean(divergences),
    kl99: sorted[Math.floor(0.99 * (sorted.length - 1))]!,
    top1Agreement: shareOf((step, i) => step.ids[0] === other[i]!.ids[0]),
    denseTop1: shareOf(({ target, ids }) => ids[0] === target),
    top1: shareOf((_, i) => other[i]!.ids[0] === other[i]!.target),
  };
}
