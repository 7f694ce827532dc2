/**
 * How noisy a query must be for its selections to overlap as wanted from one step to another. Pure. Keys of pages are drawn at
 * random, so the scores of two queries whose cosine is ρ are nearly a bivariate normal of correlation ρ.
 */

/** Probability that a standard normal exceeds `x` (Abramowitz and Stegun 26.2.17, to 1e-7). */
function tail(x: number): number {
  if (x < 0) return 1 - tail(-x);
  const t = 1 / (1 + 0.2316419 * x);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return density(x) * series;
}

function density(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** The `x` in [low, high] at which `f`, which falls, crosses `wanted`. */
function solveFalling(f: (x: number) => number, wanted: number, low: number, high: number): number {
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(middle) > wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Expected random-corrected overlap of the top `share` (0 to 1, exclusive) of two score lists of this correlation.
 * @param correlation in [0, 1)
 */
export function expectedOverlap(correlation: number, share: number): number {
  const threshold = solveFalling(tail, share, -8, 8);
  const spread = Math.sqrt(1 - correlation ** 2);
  const numSteps = 2000;
  const width = 8 / numSteps;
  let both = 0;
  for (let i = 0; i < numSteps; i++) {
    const x = threshold + (i + 0.5) * width;
    both += density(x) * tail((threshold - correlation * x) / spread) * width;
  }
  return Math.max(0, (both / share - share) / (1 - share));
}

/**
 * Standard deviation of the noise, relative to the constant part of a query, whose selections of `share` of all pages then
 * have this overlap. @param overlap in (0, 1)
 */
export function noiseForOverlap(overlap: number, share: number): number {
  const correlation = 1 - solveFalling((rest) => expectedOverlap(1 - rest, share), overlap, 1e-9, 1);
  return Math.sqrt(1 / correlation - 1);
}
