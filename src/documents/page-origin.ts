/** Which stored documents fit an engine: they name what their pages were made with. Its names are stored, so they stay. */
import type { CacheShape } from '../cache/cache-layout';
import { pageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';
import type { KvFormat } from '../kernels/attention/kv-format';

/** What pages are made with. */
interface PageOrigin {
  /** Digest of the weights' bytes. */
  readonly weightsId: string;
  /** Digest of tokenizer and chat template. */
  readonly textId: string;
  readonly config: ModelConfig;
  /** Formats of the weights on the GPU. */
  readonly weights: string;
  readonly cache: Pick<CacheShape, 'format' | 'hostFormat'>;
  /** The engine's context: RoPE with factors for short and long contexts depends on it. */
  readonly contextTokens: number;
}

const form = 3;

/** What a configuration says of pages: not of the end of answers, and how its tensors are named is in the weights' bytes. */
function arithmeticOf({ bosId: _, eosIds: __, ...arithmetic }: ModelConfig): Partial<ModelConfig> {
  return arithmetic;
}

/** What stored pages depend on, as text to compare; `form` counts the forms that pages have had. Addresses decide nothing. */
export function pageOriginKey(origin: PageOrigin): string {
  const { weightsId, textId, config, weights, cache, contextTokens } = origin;
  const { scaling } = config.rope;
  return JSON.stringify({
    form,
    weightsId,
    textId,
    weights,
    kv: cache.format,
    hostFormat: cache.hostFormat,
    pageTokens,
    arithmetic: arithmeticOf(config),
    ...(scaling.type === 'longrope' && { isLong: contextTokens > scaling.originalContext }),
  });
}

/**
 * The format that a document's pages have on the GPU, if they are of such a model, stored as an engine with `hostFormat` would, and in a
 * format that memory plans choose. The weights are not compared: they are known only when all of them have been read.
 */
export function keptFormatOf(
  fingerprint: string,
  config: ModelConfig,
  hostFormat: 'same' | 'int8' = 'same',
): KvFormat | undefined {
  let said: { form?: unknown; kv?: unknown; hostFormat?: unknown; arithmetic?: unknown };
  try {
    said = JSON.parse(fingerprint) as typeof said;
  } catch {
    return undefined;
  }
  const isAlike =
    said.form === form && JSON.stringify(said.arithmetic) === JSON.stringify(arithmeticOf(config));
  const { kv } = said;
  if (!isAlike || (kv !== 'f16' && kv !== 'int8')) return undefined;
  return said.hostFormat === (hostFormat === 'int8' ? 'int8' : kv) ? kv : undefined;
}
