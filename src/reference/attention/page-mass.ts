/** CPU twin of attention/page-mass: the softmax itself, without splits. */
import { softmaxWeights } from './attend';
import { loaderOf, seenKeys, type SparseDecodeInput } from './sparse-decode';

/** Adds `weight` times the mass of each page that the query heads of `kvHead` attend from `row` to `masses [maxPages]`. */
export function pageMass(
  input: SparseDecodeInput,
  { row, kvHead, weight }: { readonly row: number; readonly kvHead: number; readonly weight: number },
  masses: Float32Array,
): void {
  const { headDim, group, qkvStride, qkv, scale } = input;
  const keys = seenKeys(input, row, kvHead);
  const load = loaderOf(input);
  for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
    const start = row * qkvStride + head * headDim;
    const weights = softmaxWeights(qkv.subarray(start, start + headDim), keys, load, scale);
    keys.forEach(({ page }, i) => (masses[page]! += weight * weights[i]!));
  }
}
