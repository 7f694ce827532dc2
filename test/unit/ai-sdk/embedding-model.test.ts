/** The real AI SDK's embeddings on an engine that is a script. */
import { embed, embedMany } from 'ai';
import { expect, test } from 'vitest';
import { embeddingModel, type EmbeddingEngine } from '../../../src/ai-sdk/index';
import { scriptedEngine } from '../../support/scripted-engine';

test('one text and several', async () => {
  const model = embeddingModel(scriptedEngine());
  const one = await embed({ model, value: 'a' });
  expect([one.embedding, one.usage.tokens]).toEqual([[0.5, -0.25, 0], 1]);
  const { embeddings } = await embedMany({ model, values: ['a', 'b'] });
  expect(embeddings).toEqual([
    [0.5, -0.25, 0],
    [0.5, -0.25, 1],
  ]);
  expect(model.modelId).toBe('scripted');
});

test('fields of our own go on, and a load that failed is begun anew', async () => {
  const asked: unknown[] = [];
  let numLoads = 0;
  const model = embeddingModel(async () => {
    if (++numLoads === 1) throw new Error('no network');
    const engine: EmbeddingEngine = scriptedEngine();
    return {
      model: engine.model,
      embeddings: {
        create: (request, options) => {
          asked.push(request);
          return engine.embeddings.create(request, options);
        },
      },
    };
  });
  const call = { model, value: 'a', maxRetries: 0, providerOptions: { longpage: { pooling: 'mean' } } };
  await expect(embed(call)).rejects.toThrow('no network');
  await embed(call);
  expect(asked).toEqual([{ pooling: 'mean', input: ['a'], dimensions: null }]);
  expect(numLoads).toBe(2);
});
