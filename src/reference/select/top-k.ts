/** CPU twin of select/top-k. */

/** The `min(budget, scores.length)` highest scores' indices, ties to the lower index, ascending. */
export function topK(scores: ArrayLike<number>, budget: number): number[] {
  const order = Array.from({ length: scores.length }, (_, page) => page);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.slice(0, budget).sort((a, b) => a - b);
}
