/** What a step's rows gave, read from the words that the GPU wrote. */
import { resultFlags, resultWords } from '../kernels/sampler/sample';
import { assert } from '../util/assert';

/** Bytes of one row of `results`. */
export const resultBytesPerRow = 4 * resultWords;

/** A token with its natural log-probability under the model's own distribution, before any setting. */
export interface TokenLogprob {
  readonly tokenId: number;
  readonly logprob: number;
}

/** The outcome of one row. */
export interface SampledToken {
  readonly tokenId: number;
  /** Whether the sequence has reached an end-of-sequence token, this one or an earlier one. */
  readonly isDone: boolean;
  /** Whether it had before this step: the row is overshoot, its token a repetition. */
  readonly wasDone: boolean;
  /** Whether its logit is infinite or no number: what the model computed there is no answer. */
  readonly isBroken: boolean;
  /** Where asked for: of the chosen token, and of the most likely ones, descending, ties to the lower id. */
  readonly logprobs: { readonly chosen: number; readonly top: readonly TokenLogprob[] } | undefined;
  /** Where asked for: the softmax mass of every page, as the query that gave the token attended them. */
  readonly pageMasses?: Float32Array;
}

/** Reads `numRows` rows of `results [rows, 44]` from the start of `bytes`. */
export function decodeResults(bytes: ArrayBuffer, numRows: number): SampledToken[] {
  assert(bytes.byteLength >= numRows * resultBytesPerRow, `${bytes.byteLength} bytes for ${numRows} results`);
  const words = new Uint32Array(bytes);
  const floats = new Float32Array(bytes);
  return Array.from({ length: numRows }, (_, row) => {
    const start = row * resultWords;
    const flags = words[start + 1]!;
    const pairs = Array.from({ length: words[start + 3]! }, (_, i) => start + 4 + 2 * i);
    const top = pairs.map((at) => ({ tokenId: words[at]!, logprob: floats[at + 1]! }));
    return {
      tokenId: words[start]!,
      isDone: (flags & resultFlags.isDone) !== 0,
      wasDone: (flags & resultFlags.wasDone) !== 0,
      isBroken: (flags & resultFlags.isBroken) !== 0,
      logprobs: (flags & resultFlags.hasLogprobs) !== 0 ? { chosen: floats[start + 2]!, top } : undefined,
    };
  });
}
