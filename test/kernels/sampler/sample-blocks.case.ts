import { randomFloats } from '../../../tools/util/random';
import { blocksCase, type StepRow } from './sample-step';

/** Multiples of 1/64, with which penalties below are exact: blocks are compared to the bit. */
function steps(vocabSize: number, seed: number): Float32Array {
  return randomFloats(vocabSize, seed).map((value) => Math.round(value * 1024) / 64);
}

const rows = (numRows: number, vocabSize: number, extra: Partial<StepRow> = {}) =>
  Array.from({ length: numRows }, (_, i): StepRow => {
    return { settings: {}, logits: steps(vocabSize, i + 1), ...extra };
  });

export const cases = [
  ...[1, 17, 256, 257, 577].map((vocabSize) => blocksCase(`3 rows of ${vocabSize}`, rows(3, vocabSize))),
  blocksCase('151936 tokens', rows(1, 151_936)),
  blocksCase('equal logits', [{ settings: {}, logits: new Float32Array(600).fill(-3) }]),
  blocksCase('penalties and bias', [
    ...rows(2, 600, {
      settings: { repetitionPenalty: 2, frequencyPenalty: 0.5, presencePenalty: 0.25 },
      start: { promptTokens: [0, 3, 3, 255, 256, 599], logitBias: [[300, 40]] },
      answer: [5, 5, 5, 256],
    }),
    ...rows(1, 600),
  ]),
  blocksCase('NaN and infinite logits', [
    { settings: {}, logits: Float32Array.from([NaN, -Infinity, 1, Infinity, 2]) },
    { settings: {}, logits: new Float32Array(5).fill(NaN) },
  ]),
];
