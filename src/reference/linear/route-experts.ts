/** CPU twin of linear/route-experts, in f64. */

/** One row's experts, likeliest first, with their shares. */
export interface Route {
  readonly expert: number;
  readonly share: number;
}

/** The `perToken` likeliest experts of each row of `logits [rows, numExperts]`, ties to the first. */
export function routeExperts(
  logits: Float32Array,
  numExperts: number,
  perToken: number,
  isNormalized: boolean,
): Route[][] {
  return Array.from({ length: logits.length / numExperts }, (_, row) => {
    const own = Array.from(logits.subarray(row * numExperts, (row + 1) * numExperts));
    const largest = Math.max(...own);
    const weights = own.map((logit) => Math.exp(logit - largest));
    const sum = weights.reduce((a, b) => a + b, 0);
    const chosen = weights
      .map((weight, expert) => ({ expert, share: weight / sum }))
      .sort((a, b) => b.share - a.share || a.expert - b.expert)
      .slice(0, perToken);
    const total = isNormalized ? chosen.reduce((a, { share }) => a + share, 0) : 1;
    return chosen.map(({ expert, share }) => ({ expert, share: share / total }));
  });
}

/** Routes in the words of the kernel, without shares. */
export function routeWords(
  routes: readonly (readonly Route[])[],
  numExperts: number,
): Uint32Array<ArrayBuffer> {
  const pairs = routes.flat();
  const byExpert = Array.from({ length: numExperts }, (_, expert) =>
    pairs.flatMap((pair, index) => (pair.expert === expert ? [index] : [])),
  );
  let begin = 0;
  const starts = byExpert.map((list) => (begin += list.length) - list.length);
  return Uint32Array.of(...pairs.map(({ expert }) => expert), ...byExpert.flat(), ...starts, begin);
}
