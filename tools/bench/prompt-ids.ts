/** Prompts of a benchmark: seeded token ids. */
import { randomSource } from '../util/random';

/** `length` ids of tokens that are not special in any of the models; another seed shares no prefix with it. */
export function promptIds(vocabSize: number, length: number, seed: number): number[] {
  const next = randomSource(seed);
  const firstOrdinary = Math.min(260, vocabSize >> 1);
  return Array.from({ length }, () => firstOrdinary + Math.floor(next() * (vocabSize - firstOrdinary)));
}
