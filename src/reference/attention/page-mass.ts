/** CPU twin of attention/page-mass: the softmax itself, without splits. */
import { softmaxWeights } from './attend';
import { loaderOf, seenKeys, type SparseDecodeInput } from './sparse-decode';

/**
 * Adds `weight` times the mass of each page that the query heads of `kvHead` attend from `row` to `masses [maxPages]`; of the
 * page's tokens those in `[firstCounted, endCounted)`.
 */
export function pageMass(
  input: SparseDecodeInput,
  options: {
    readonly row: number;
    readonly kvHead: number;
    readonly weight: number;
    readonly firstCounted: number;
    readonly endCounted: number;
  },
  masses: Float32Array,
): void {
  const { row, kvHead, weight, firstCounted, endCounted } = options;
  const { headDim, group, qkvStride, qkv } = input;
  const keys = seenKeys(input, row, kvHead);
  const load = loaderOf(input);
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    const start = row * qkvStride + head * headDim;
    const weights = softmaxWeights(qkv.subarray(start, start + headDim), keys, load, input);
    keys.forEach(({ page, position }, i) => {
      if (position >= firstCounted && position < endCounted) masses[page]! += weight * weights[i]!;
    });
  }
}
