/** Texts as vectors, against transformers, on the real adapter. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { poolings, type Pooling } from '../../src/config/pooling';
import type { EngineCore } from '../../src/engine/engine';
import { architectureModel, goldenPrompt } from '../../tools/tiny-models/models';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { exactStorage } from '../support/compare-goldens';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';

useIndexedDb();

interface Goldens {
  readonly unit: number;
  readonly cases: readonly {
    readonly model: string;
    readonly promptLength: number;
    readonly vectors: Readonly<Record<Pooling, readonly number[]>>;
  }[];
}

const { unit, cases } = JSON.parse(
  readFileSync(new URL('../fixtures/goldens/embeddings.json', import.meta.url), 'utf8'),
) as Goldens;

/** Largest difference of two vectors' values. */
function distance(a: Float32Array, b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...b.map((value, i) => Math.abs(a[i]! - value)));
}

/** The test model as an embedding model: its files say how to pool, and that vectors may be cut to 16. */
function embeddingModel(pooling: string) {
  const model = architectureModel('qwen3');
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const config = JSON.parse(new TextDecoder().decode(model.files.get('config.json'))) as object;
  model.files.set('config.json', encode({ ...config, matryoshka_dimensions: [16] }));
  model.files.set('1_Pooling/config.json', encode({ pooling_mode: pooling }));
  return model;
}

describe('against transformers', () => {
  test.each(['qwen3', 'gemma3'])('%s: every pooling, lengths of one page and of several', async (name) => {
    const model = architectureModel(name);
    const engine = await loadEngine(model, { ...exactStorage, kv: { format: 'f32', contextTokens: 1024 } });
    try {
      for (const { promptLength, vectors } of cases.filter(({ model: of }) => of === name)) {
        const inputs = [goldenPrompt(304, promptLength)];
        // Of a long text those that need no more than the sum of all rows, and the last alone.
        for (const pooling of promptLength < 100 ? poolings : (['mean', 'lasttoken'] as const)) {
          const { vectors: given, numTokens } = await engine.embed({ inputs, pooling });
          expect(numTokens).toBe(promptLength);
          const expected = vectors[pooling].map((value) => value * unit);
          expect(distance(given[0]!, expected), `${promptLength} ${pooling}`).toBeLessThan(2e-4);
        }
      }
      checkIntegrity(engine.runner.cache);
    } finally {
      await engine.dispose();
    }
  });
});

describe('an embedding model among its other work', () => {
  let engine: EngineCore;
  beforeAll(async () => {
    engine = await loadEngine(embeddingModel('lasttoken'), {
      kv: { contextTokens: 1024, pagesPerHead: 4, unstableShare: 0.5 },
    });
  });
  afterAll(async () => {
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
  });

  test('its files say how, texts get their special tokens, and vectors may be cut where they say so', async () => {
    const text = 'the cat and the hen';
    const ids = await engine.tokenize(text, true);
    const { vectors } = await engine.embed({ inputs: [text, ids, text.slice(3)] });
    expect(vectors[0]).toEqual(vectors[1]);
    expect(vectors[2]).not.toEqual(vectors[0]);
    const [last] = (await engine.embed({ inputs: [ids], pooling: 'lasttoken' })).vectors;
    expect(last).toEqual(vectors[0]);
    const [cut] = (await engine.embed({ inputs: [text], dimensions: 16 })).vectors;
    const norm = Math.hypot(...vectors[0]!.subarray(0, 16));
    expect(
      distance(
        cut!,
        [...vectors[0]!.subarray(0, 16)].map((value) => value / norm),
      ),
    ).toBeLessThan(1e-6);
    await expect(engine.embed({ inputs: [text], dimensions: 8 })).rejects.toMatchObject({
      code: 'unsupported',
      field: 'dimensions',
    });
  });

  test('an answer beside it has the tokens that it has alone, and no page of a text is left', async () => {
    const request = requestOf(promptOf(40, 3), { maxTokens: 24, ignoreEos: true });
    const alone = await answer(engine, request);
    const long = promptOf(600, 4);
    const [before] = (await engine.embed({ inputs: [long], pooling: 'mean' })).vectors;
    const slots = engine.runner.cache.numSlotsInUse;
    const [beside, { vectors }] = await Promise.all([
      answer(engine, request),
      engine.embed({ inputs: [long, long], pooling: 'mean' }),
    ]);
    expect(beside.tokenIds).toEqual(alone.tokenIds);
    expect(vectors[0]).toEqual(before);
    // The second went through the model as the first: nothing is reused.
    expect(vectors[1]).toEqual(before);
    expect(engine.runner.cache.numSlotsInUse).toBe(slots);
  });

  test('what is too long, empty or unknown is refused, and an abort ends it', async () => {
    await expect(engine.embed({ inputs: [promptOf(1025)] })).rejects.toMatchObject({
      code: 'context-too-long',
    });
    await expect(engine.embed({ inputs: [[]] })).rejects.toThrow('"input[0]" has no tokens.');
    await expect(engine.embed({ inputs: [[304]] })).rejects.toThrow(RangeError);
    const controller = new AbortController();
    const work = engine.embed({ inputs: [promptOf(900), promptOf(900)] }, controller.signal);
    controller.abort('enough');
    await expect(work).rejects.toBe('enough');
    expect((await engine.embed({ inputs: [[5, 6]] })).vectors).toHaveLength(1);
  });
});

test('a model whose files say nothing of embeddings is told from one', async () => {
  const engine = await loadEngine(architectureModel('qwen3'), { kv: { contextTokens: 256 } });
  await expect(engine.embed({ inputs: ['x'] })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('1_Pooling/config.json') as string,
  });
  await engine.dispose();
});
