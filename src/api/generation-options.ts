/** The request fields that chat and legacy completions share. `null` means the default everywhere, as with OpenAI. */

/** How to generate: OpenAI's fields, then ours. */
export interface GenerationOptions {
  /** Name of the loaded model, or one of the aliases that it was loaded with; another name is refused. */
  model?: string | null;
  /** The most tokens to generate, at least 1 (default: until the context is full). */
  max_tokens?: number | null;
  /** Up to 16 strings that end the answer, none empty; the answer is cut before them. */
  stop?: string | string[] | null;
  /** 0 to 2 (default: the model's, else 1); 0 is greedy. */
  temperature?: number | null;
  /** 0 to 1 (default: the model's, else 1): sample from the likeliest tokens whose probabilities add up to it. */
  top_p?: number | null;
  /** −2 to 2 (default 0): taken from the logit of a token for each time that the answer has it. */
  frequency_penalty?: number | null;
  /** −2 to 2 (default 0): taken once from the logit of a token that the answer has. */
  presence_penalty?: number | null;
  /** Token id (as text) to a bias of −100 to 100, added to its logit. */
  logit_bias?: Record<string, number> | null;
  /** A safe integer; the same seed and settings give the same tokens (default: a new one for each request). */
  seed?: number | null;
  /** Number of answers, 1 to 128 (default 1): the prompt is read once, and each has a seed of its own that follows from `seed`. */
  n?: number | null;
  /** Resolve to a stream of chunks (default false). */
  stream?: boolean | null;
  /** Only with `stream: true`; `include_usage` adds a last chunk with token counts, `include_obfuscation` changes nothing. */
  stream_options?: { include_usage?: boolean | null; include_obfuscation?: boolean | null } | null;
  /** A label for the caller's own use; it changes nothing. */
  user?: string | null;

  /** Ours: sample from the `top_k` likeliest tokens; 0 is off (default: the model's, else 0). */
  top_k?: number | null;
  /** Ours: 0 to 1 (default: the model's, else 0): drop tokens less likely than this share of the likeliest one's probability. */
  min_p?: number | null;
  /** Ours: 0.01 to 100 (default: the model's, else 1): above 1, tokens that the text already has become less likely. */
  repetition_penalty?: number | null;
  /** Ours: what is left out of the above is as the model's `generation_config.json` has it (default true). */
  default_sampling?: boolean | null;
  /** Ours: attend every page, whatever the page budget says (default false). */
  exact?: boolean | null;
  /** Ours: go on past the model's end-of-sequence tokens (default false). */
  ignore_eos?: boolean | null;
  /**
   * Ours: say which passages of the document, or of a plain prompt, the answer attended to most; a number of them from 1 to 20,
   * or true for 3 (default false).
   */
  sources?: boolean | number | null;
  /** Ours: add token ids to the answer (default false). */
  return_token_ids?: boolean | null;
}
