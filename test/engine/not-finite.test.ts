/** What is no number on the way to a token is an error of the request, and no token. */
import { expect, test } from 'vitest';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { modelTensors, tinyLlamaModel, type ModelFolder } from '../../tools/tiny-models/models';
import { writeSafetensors } from '../../tools/tiny-models/safetensors';

/** The model in f32, with all values of one tensor set. */
function withTensor(model: ModelFolder, name: string, value: number): ModelFolder {
  const tensors = modelTensors(model);
  tensors.get(name)!.data.fill(value);
  const weights = writeSafetensors(tensors, 'F32');
  return {
    ...model,
    name: `${model.name}-broken`,
    files: new Map(model.files).set('model.safetensors', weights),
  };
}

test('logits beyond what floats hold end the request with not-finite, and the engine goes on', async () => {
  const engine = await loadEngine(withTensor(tinyLlamaModel(), 'model.norm.weight', 3e38));
  try {
    for (const temperature of [0, 1]) {
      const request = requestOf(promptOf(20), { maxTokens: 4, ignoreEos: true, sampling: { temperature } });
      await expect(answer(engine, request)).rejects.toMatchObject({ code: 'not-finite' });
    }
    expect(engine.loop.numRunning).toBe(0);
  } finally {
    await engine.dispose();
  }
});
