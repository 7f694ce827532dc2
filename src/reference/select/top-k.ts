/** CPU twin of select/top-k, for one pair. */

/** The `budget` indices with the highest scores, ascending; ties to the lower index, NaN last. */
export function topK(scores: ArrayLike<number>, budget: number): number[] {
  const order = Array.from({ length: scores.length }, (_, index) => index);
  const value = (index: number) => (Number.isNaN(scores[index]) ? -Infinity : scores[index]!);
  const isNumber = (index: number) => Number(!Number.isNaN(scores[index]));
  order.sort(
    (a, b) => isNumber(b) - isNumber(a) || (value(b) > value(a) ? 1 : value(b) < value(a) ? -1 : 0) || a - b,
  );
  return order.slice(0, budget).sort((a, b) => a - b);
}
