/** Which stored documents fit an engine: they name what their pages were made with. Its names are stored, so they stay. */
import type { CacheShape } from '../cache/cache-layout';
import { pageTokens } from '../cache/page';
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { ModelConfig } from '../config/model-config';

/** What stored pages depend on, as text to compare; `form` counts the forms that pages have had. */
export function documentFingerprint(
  sourceId: string,
  { rope, numLayers, numKvHeads, headDim }: ModelConfig,
  weights: WeightFormat,
  { format: kv, hostFormat }: Pick<CacheShape, 'format' | 'hostFormat'>,
): string {
  return JSON.stringify({
    // With pools of 8 bits the first form had summaries at wrong places.
    form: kv === 'int8' ? 2 : 1,
    sourceId,
    weights,
    kv,
    hostFormat,
    pageTokens,
    numLayers,
    numKvHeads,
    headDim,
    rope,
  });
}
