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
  /** The engine's context: RoPE with factors for short and long contexts goes by it. */
  readonly contextTokens: number;
}

/** What stored pages depend on, as text to compare; `form` counts the forms that pages have had. Addresses decide nothing. */
export function documentFingerprint(origin: PageOrigin): string {
  const { weightsId, textId, config, weights, cache, contextTokens } = origin;
  const { scaling } = config.rope;
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
    ...(scaling.type === 'longrope' && { isLong: contextTokens > scaling.originalContext }),
  });
}
