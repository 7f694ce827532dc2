/** A device that is lost at seeded points, in every mode and at several budgets: each answer is the one without a loss. */
import { afterEach, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { loadEngine } from '../support/engine';
import { gpu } from '../support/gpu-setup';
import { converse, type Loss } from '../support/losses';
import { tinyLlamaModel } from '../../tools/tiny-models/models';
import { randomSource } from '../../tools/util/random';

const model = tinyLlamaModel();
const modes: Record<string, KvOptions> = {
  overlap: {},
  pause: { reload: 'pause' },
  stagger: { rerankStagger: true },
  '8 bits': { format: 'int8' },
  '8 bits on the host': { hostFormat: 'int8' },
  'sparse follow-ups': { followUp: 'sparse' },
};
let engine: EngineCore | undefined;

afterEach(async () => {
  checkIntegrity(engine!.runner.cache);
  await engine!.dispose();
});

const cases = Object.entries(modes).flatMap(([mode, options]) =>
  [4, 16, 32].map((pagesPerHead): [string, number, KvOptions] => [mode, pagesPerHead, options]),
);

test.each(cases)('%s, %i pages a head: six losses', async (_, pagesPerHead, options) => {
  engine = await loadEngine(model, {
    gpu,
    weights: 'f32',
    kv: {
      contextTokens: 512,
      numSequences: 3,
      unstableShare: 0.25,
      rerankInterval: 8,
      measureStability: false,
      ...options,
      pagesPerHead,
    },
  });
  const conversations = [
    [
      { numPrompt: 300, numAnswer: 27 },
      { numPrompt: 20, numAnswer: 22 },
    ],
    [{ numPrompt: 280, numAnswer: 40 }],
    [
      { numPrompt: 90, numAnswer: 10 },
      { numPrompt: 33, numAnswer: 10 },
      { numPrompt: 17, numAnswer: 30 },
    ],
  ];
  const wanted = await converse(engine, conversations);
  const random = randomSource(pagesPerHead);
  const below = (count: number) => Math.floor(random() * count);
  for (let round = 0; round < 3; round++) {
    const losses = Array.from({ length: 2 }, (): Loss => {
      const conversation = below(conversations.length);
      const turn = below(conversations[conversation]!.length);
      return { conversation, turn, numTokens: below(conversations[conversation]![turn]!.numAnswer) };
    });
    expect(await converse(engine, conversations, losses), JSON.stringify(losses)).toEqual(wanted);
  }
});
