/** What few architectures have beyond `ModelConfig`'s other fields: missing wherever a model has nothing of it. */

/** See the fields. */
export interface ModelExtras {
  /** Scores of queries and keys become `cap · tanh(score / cap)` before the softmax (Gemma 2, arXiv 2408.00118, section 2). */
  readonly attentionSoftCap?: number;
  /** The same of the logits. */
  readonly logitSoftCap?: number;
  /** Queries at position p are multiplied by `1 + rate · ln(1 + floor(p / span))`. */
  readonly queryGrowth?: { readonly rate: number; readonly span: number };
  /** What files call parts of the model whose usual names are the keys, without a layer before or `.weight` behind them. */
  readonly tensorNames?: Readonly<Record<string, string>>;
}
