/** How one vector is made of the hidden states of a text's tokens, as an embedding model's own files say it. Pure. */
import { EngineError } from '../util/errors';
import { asObject, asString, isJsonObject } from '../util/json';
import { quote } from '../util/config-fields';

/** Ways of pooling: the first or the last token's state, the mean, the mean weighted by 1, 2, 3 …, the largest value of each channel. */
export const poolings = ['cls', 'mean', 'max', 'weightedmean', 'lasttoken'] as const;

/** One of them. */
export type Pooling = (typeof poolings)[number];

/** The flags of sentence-transformers. A sum over the root of the length points where the mean does, and vectors are normalised. */
const flags: Readonly<Record<string, Pooling>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_sqrt_len_tokens: 'mean',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
};

/**
 * The pooling of a parsed `1_Pooling/config.json`: by the older flags, or by the name in `pooling_mode`. Undefined where there is no such file.
 * @throws EngineError `unsupported` where it asks for something else, or for several at once
 */
export function parsePooling(config: unknown): Pooling | undefined {
  if (config === undefined) return undefined;
  if (!isJsonObject(config)) throw refusal(config);
  const { pooling_mode: mode } = config;
  const named = typeof mode === 'string' ? [mode] : Array.isArray(mode) ? (mode as unknown[]) : [];
  const wanted =
    named.length > 0
      ? named.map((name) =>
          poolings.find((known) => known === name || flags[`pooling_mode_${asString(name) ?? ''}`] === known),
        )
      : Object.keys(flags).flatMap((flag) => (config[flag] === true ? [flags[flag]] : []));
  const [pooling] = wanted;
  if (!pooling || wanted.length > 1) throw refusal(config);
  return pooling;
}

/**
 * Refuses what sentence-transformers would do beside pooling, such as another matrix.
 * @param modules the parsed `modules.json`; undefined where there is none
 * @throws EngineError `unsupported`
 */
export function checkModules(modules: unknown): void {
  if (!Array.isArray(modules)) return;
  const kinds = modules.map((module: unknown) => asString(asObject(module)?.['type']) ?? '');
  const other = kinds.find((kind) => !/(?:Transformer|Pooling|Normalize)$/.test(kind));
  if (other === undefined) return;
  throw new EngineError(
    'unsupported',
    `Embeddings of this model are made by ${quote(other)} too, which is not supported.`,
  );
}

/** Whether a model's vectors may be cut to so many dimensions and stay meaningful, by what its `config.json` says. */
export function mayBeCut(config: unknown, dimensions: number): boolean {
  if (!isJsonObject(config)) return false;
  const { matryoshka_dimensions: sizes, is_matryoshka: isAny } = config;
  return Array.isArray(sizes) ? sizes.includes(dimensions) : isAny === true;
}

function refusal(config: unknown): EngineError {
  return new EngineError(
    'unsupported',
    `This model's files ask for a pooling that is not supported: ${quote(config)}.`,
  );
}
