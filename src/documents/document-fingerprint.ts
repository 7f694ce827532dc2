/** Which stored documents fit an engine: they name what their pages were made with. Its names are stored, so they stay. */
import type { CacheShape } from '../cache/cache-layout';
import { pageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';

/** What pages are made with. */
export interface PageOrigin {
  /** Digest of the weights' bytes. */
  readonly weightsId: string;
  /** Digest of tokenizer and chat template. */
  readonly textId: string;
  readonly config: ModelConfig;
  /** Formats of the weights on the GPU. */
  readonly weights: string;
  readonly cache: Pick<CacheShape, 'format' | 'hostFormat'>;
}

/** What stored pages depend on, as text to compare; `form` counts the forms that pages have had. Addresses decide nothing. */
export function documentFingerprint({ weightsId, textId, config, weights, cache }: PageOrigin): string {
  // What a configuration says of the end of answers changes no page, and how its tensors are named is in the weights' bytes.
  const { bosId: _, eosIds: __, ...arithmetic } = config;
  return JSON.stringify({
    form: 3,
    weightsId,
    textId,
    weights,
    kv: cache.format,
    hostFormat: cache.hostFormat,
    pageTokens,
    arithmetic,
  });
}
