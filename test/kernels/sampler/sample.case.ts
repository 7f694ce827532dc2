import type { SamplerSettings } from '../../../src/sampler/settings';
import { randomFloats } from '../../../tools/util/random';
import { sampleCase, type StepRow } from './sample-step';

/** Peaked as a model's logits are: most of the mass on few tokens. */
function modelLogits(vocabSize: number, seed: number): Float32Array {
  return randomFloats(vocabSize, seed).map((value) => 12 * value ** 5 + 2 * value);
}

function rowsOf(numRows: number, vocabSize: number, settings: SamplerSettings, extra: Partial<StepRow> = {}) {
  return Array.from({ length: numRows }, (_, i): StepRow => {
    return { settings: { seed: 1000 + i, ...settings }, logits: modelLogits(vocabSize, i + 1), ...extra };
  });
}

const filters: readonly (readonly [string, SamplerSettings])[] = [
  ['greedy', {}],
  ['temperature alone', { temperature: 1 }],
  ['high temperature', { temperature: 2 }],
  ['low temperature', { temperature: 0.05 }],
  ['top-k 1', { temperature: 1, topK: 1 }],
  ['top-k 40', { temperature: 1.5, topK: 40 }],
  ['top-k of everything and more', { temperature: 1, topK: 100_000 }],
  ['top-p 0', { temperature: 1, topP: 0 }],
  ['top-p 0.5', { temperature: 1, topP: 0.5 }],
  ['top-p 0.95', { temperature: 1.3, topP: 0.95 }],
  ['min-p 0.1', { temperature: 1.5, minP: 0.1 }],
  ['min-p 1', { temperature: 1.5, minP: 1 }],
  ['all filters', { temperature: 1.2, topK: 25, topP: 0.8, minP: 0.02 }],
];

const penalties: SamplerSettings = { repetitionPenalty: 1.25, frequencyPenalty: 0.5, presencePenalty: 0.25 };
const history: Partial<StepRow> = {
  start: {
    promptTokens: [0, 3, 3, 5, 16, 2],
    logitBias: [
      [1, 2.5],
      [4, -100],
      [16, 0.125],
    ],
  },
  answer: [5, 5, 5, 7, 1],
};

/** Equal logits at many ids: `levels` values in turn, the greatest first at id 3. */
function tied(vocabSize: number, levels: number): Float32Array {
  return Float32Array.from({ length: vocabSize }, (_, token) => -((token + levels - 3) % levels) / 2);
}

const broken = Float32Array.from([NaN, -Infinity, 1, NaN, 3, 2, -0, 0, 2.5, -NaN, 1, 1, 2, 2, 2, 0.5, -1]);

const wideCase = (title: string, rows: readonly StepRow[]) => sampleCase(`blocks: ${title}`, rows, [], true);

export const cases = [
  ...filters.flatMap(([name, settings]) => [
    sampleCase(`${name}, 3 rows of 17`, rowsOf(3, 17, settings)),
    sampleCase(`${name}, 8 rows of 512`, rowsOf(8, 512, settings)),
  ]),
  ...[{}, { temperature: 1 }, { temperature: 1, topK: 1, topP: 0.5, minP: 0.5 }].map((settings, i) =>
    sampleCase(`vocabulary of 1, settings ${i}`, rowsOf(1, 1, settings)),
  ),
  ...[1, 256].map((threads) => {
    const kernelCase = sampleCase(
      `${threads} threads`,
      rowsOf(8, 512, { temperature: 1.2, topK: 25, topP: 0.8 }),
    );
    return { ...kernelCase, constants: { threads, digitBits: 8 } };
  }),
  sampleCase('greedy, 4096 tokens', rowsOf(1, 4096, {})),
  sampleCase(
    'all filters, 4096 tokens',
    rowsOf(1, 4096, { temperature: 1, topK: 50, topP: 0.9, minP: 0.01 }),
  ),
  sampleCase('greedy, 151936 tokens', rowsOf(1, 151_936, {})),
  sampleCase('all filters, 151936 tokens', rowsOf(1, 151_936, { temperature: 0.2, topK: 20, topP: 0.5 })),
  wideCase('greedy, 151936 tokens', rowsOf(1, 151_936, {})),
  wideCase('all filters, 151936 tokens', rowsOf(1, 151_936, { temperature: 0.2, topK: 20, topP: 0.5 })),
  // Six blocks, the last of 220: five tokens have a floor by blocks, 40 have none.
  ...(
    [
      {},
      { temperature: 1.3 },
      { temperature: 1.5, topK: 5 },
      { temperature: 1.5, topK: 40, topP: 0.9 },
      { temperature: 1.3, topP: 0.95 },
      { temperature: 1.5, minP: 0.1 },
    ] as const
  ).map((settings) => wideCase(`${JSON.stringify(settings)}, 8 rows of 1500`, rowsOf(8, 1500, settings))),
  wideCase('penalties and bias', rowsOf(4, 1500, { ...penalties, temperature: 1.2, topK: 4 }, history)),
  ...[1, 5, 6, 300].map((topK) =>
    wideCase(
      `ties across top-k ${topK}`,
      Array.from({ length: 8 }, (_, i): StepRow => {
        return { settings: { temperature: 30, topK, seed: i }, logits: tied(1500, 4) };
      }),
    ),
  ),

  sampleCase('penalties and bias, greedy', rowsOf(3, 17, penalties, history)),
  sampleCase(
    'penalties and bias, drawn',
    rowsOf(8, 17, { ...penalties, temperature: 1, topP: 0.9 }, history),
  ),
  sampleCase('bias alone', rowsOf(3, 17, {}, { start: { logitBias: [[11, 30]] } })),
  sampleCase('repetition penalty alone', rowsOf(3, 17, { repetitionPenalty: 8 }, history)),
  sampleCase('presence penalty alone', rowsOf(3, 17, { presencePenalty: 2 }, { answer: [9, 9, 9] })),
  sampleCase('negative frequency penalty', rowsOf(3, 17, { frequencyPenalty: -2 }, { answer: [9, 9, 9] })),

  sampleCase('greedy tie', rowsOf(1, 512, {}, { logits: tied(512, 4) })),
  sampleCase('signed zeros tie', rowsOf(1, 3, {}, { logits: Float32Array.from([-0, 0, -0]) })),
  ...[1, 5, 64, 127, 128, 129, 300].map((topK) =>
    sampleCase(
      `ties across top-k ${topK}`,
      Array.from({ length: 8 }, (_, i): StepRow => {
        return { settings: { temperature: 30, topK, seed: i }, logits: tied(512, 4) };
      }),
    ),
  ),
  sampleCase(
    'ties across top-p',
    Array.from({ length: 8 }, (_, i): StepRow => {
      return { settings: { temperature: 1, topP: 0.11, seed: i }, logits: new Float32Array(100).fill(-3) };
    }),
  ),
  // Masses 1/2, 1/4, 1/8, …: two tokens reach 0.75, or 6/7 of the first three.
  ...(
    [
      { topP: 0.74 },
      { topP: 0.76 },
      { topP: 0.84, topK: 3 },
      { topP: 0.87, topK: 3 },
      { minP: 0.24 },
      { minP: 0.26 },
    ] as const
  ).map((settings) =>
    sampleCase(
      `halving masses, ${JSON.stringify(settings)}`,
      Array.from({ length: 40 }, (_, i): StepRow => {
        const logits = Float32Array.from({ length: 12 }, (_, token) => token * Math.LN2);
        return { settings: { temperature: 1, seed: i, ...settings }, logits };
      }),
    ),
  ),
  sampleCase('NaN and infinite logits lose, greedy', rowsOf(1, 17, {}, { logits: broken })),
  sampleCase('NaN and infinite logits lose, drawn', rowsOf(8, 17, { temperature: 1 }, { logits: broken })),
  sampleCase('all NaN', rowsOf(3, 17, {}, { logits: new Float32Array(17).fill(NaN) })),
  sampleCase('plus infinity wins', rowsOf(1, 2, {}, { logits: Float32Array.from([9, Infinity]) })),

  sampleCase('end of sequence', rowsOf(8, 17, {}), [16, 3, 0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
  sampleCase(
    'end of sequence by the last of 16 ids',
    [{ settings: {}, logits: Float32Array.from({ length: 17 }, (_, token) => token) }],
    Array.from({ length: 16 }, (_, i) => i + 1),
  ),
  sampleCase('end of sequence ignored', rowsOf(8, 17, { ignoreEos: true }), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
  sampleCase('some rows are done', [
    ...rowsOf(2, 17, { temperature: 1, ...penalties }, { doneWith: 9 }),
    ...rowsOf(1, 17, { temperature: 1, ...penalties }, history),
  ]),
  sampleCase('mixed settings in one batch', [
    ...rowsOf(1, 512, {}),
    ...rowsOf(1, 512, { temperature: 1, topK: 5 }),
    ...rowsOf(1, 512, { temperature: 2, ...penalties }, history),
    ...rowsOf(1, 512, { temperature: 1, topP: 0.7 }, { doneWith: 1 }),
    ...rowsOf(1, 512, { temperature: 0.8, minP: 0.2 }),
  ]),
];
