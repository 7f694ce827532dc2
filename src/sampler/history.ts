/** What the GPU knows about each token of the vocabulary for one sequence: seen in the prompt, logit bias. */
import { historyBits } from '../kernels/sampler/sample';
import { toF16Bits } from '../util/f16';

/** Where one request's history starts; the GPU counts the answer's tokens itself. */
export interface HistoryStart {
  /** All token ids of the prompt: repeated ones are fine. */
  readonly promptTokens?: Iterable<number>;
  /** Token ids of an answer that goes on, in order. */
  readonly answerTokens?: Iterable<number>;
  /** Added to logits, at most one for a token; kept as f16, so within ±65504 and to 11 bits. */
  readonly logitBias?: readonly (readonly [tokenId: number, bias: number])[];
  /** One bit for each token that may come next, lowest first: others are as good as impossible (default: all may come). */
  readonly allowed?: Uint32Array | undefined;
}

/** Added to the logit of a token that may not come: the least that f16 has, beyond which no logit makes up for it. */
const impossible = toF16Bits(-65504);

/** One row of `history [sequences, vocabSize]`. */
export function encodeHistory(
  vocabSize: number,
  { promptTokens = [], answerTokens = [], logitBias = [], allowed }: HistoryStart,
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(vocabSize);
  for (const token of promptTokens) words[token] = historyBits.seenInPrompt;
  for (const token of answerTokens) {
    const count = (words[token]! >>> historyBits.answerCountShift) & historyBits.maxAnswerCount;
    if (count < historyBits.maxAnswerCount) words[token]! += 1 << historyBits.answerCountShift;
  }
  for (const [token, bias] of logitBias) words[token] = (words[token]! | toF16Bits(bias)) >>> 0;
  if (allowed) {
    for (let token = 0; token < vocabSize; token++) {
      const isAllowed = ((allowed[token >>> 5] ?? 0) >>> (token & 31)) & 1;
      if (!isAllowed) words[token] = ((words[token]! & 0xffff0000) | impossible) >>> 0;
    }
  }
  return words;
}
