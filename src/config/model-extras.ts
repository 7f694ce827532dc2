/** What few architectures have beyond `ModelConfig`'s other fields: missing wherever a model has nothing of it. */
/** Names of a layer's norms, before and after attention and feed-forward; one that is missing is not there. */
export interface NormNames {
  readonly attention?: string;
  readonly attentionOutput?: string;
  readonly mlp?: string;
  readonly mlpOutput?: string;
}

/** A feed-forward part of many experts, of which a router chooses some for each token (Shazeer et al. 2017, arXiv 1701.06538). */
export interface Experts {
  readonly count: number;
  /** Experts of a token, at most `count`. */
  readonly perToken: number;
  /** Of one expert. */
  readonly intermediateSize: number;
  /** Whether the shares of the chosen ones sum to 1, or are those among all. */
  readonly isNormalized: boolean;
  /** Whether files have each matrix of all experts as one tensor. */
  readonly isStacked: boolean;
}

/** See the fields. */
export interface ModelExtras {
  /** In place of the usual feed-forward part. `ModelConfig.intermediateSize` is that of a token's experts together then. */
  readonly experts?: Experts;
  /** Where it is not what the usual field says. */
  readonly intermediateSize?: number;
  readonly normEpsilon?: number;
  readonly activation?: 'gelu-tanh';
  readonly norms?: NormNames;
  /** Norms subtract the mean and add a bias (LayerNorm, Ba et al. 2016, arXiv 1607.06450). */
  readonly isLayerNorm?: boolean;
  /** Attention and feed-forward part read the same normed input. */
  readonly isParallel?: boolean;
  /** The feed-forward part is one projection, its activation and another projection. */
  readonly isUngated?: boolean;
  /** The head has a bias. */
  readonly hasHeadBias?: boolean;
  /** Scores of queries and keys become `cap · tanh(score / cap)` before the softmax (Gemma 2, arXiv 2408.00118, section 2). */
  readonly attentionSoftCap?: number;
  /** The same of the logits. */
  readonly logitSoftCap?: number;
  /** Queries at position p are multiplied by `1 + rate · ln(1 + floor(p / span))`. */
  readonly queryGrowth?: { readonly rate: number; readonly span: number };
  /** What files call parts of the model whose usual names are the keys, without a layer before or `.weight` behind them. */
  readonly tensorNames?: Readonly<Record<string, string>>;
}

/** Whether layers differ from the usual in more than numbers and names: what binds them is fetched on demand. */
export function hasOtherLayers({
  experts,
  isLayerNorm,
  isParallel,
  isUngated,
  hasMlpBias,
}: OtherLayers): boolean {
  return [experts, isLayerNorm, isParallel, isUngated, hasMlpBias].some(Boolean);
}

type OtherLayers = Omit<ModelExtras, 'activation'> & { readonly hasMlpBias: boolean };
