import { describe, expect, test } from 'vitest';
import { checkModel } from '../../../src/engine/check-model';
import type { ModelSource } from '../../../src/source/model-source';
import { folderSource } from '../../../tools/tiny-models/folder-source';
import { tinyLlamaModel } from '../../../tools/tiny-models/models';

const model = tinyLlamaModel();
const weights = model.files.get('model.safetensors')!;
/** Without a GPU all else is still found out. */
const gpu = undefined;
const noGpu = { code: 'webgpu-unavailable' };

const without = (...names: string[]) => ({
  ...model,
  files: new Map([...model.files].filter(([name]) => !names.includes(name))),
});

describe('a model that is only looked at', () => {
  test('says what it takes, and that there is no GPU; of its weights the beginning is asked for', async () => {
    const asked: (number | undefined)[] = [];
    const source: ModelSource = {
      ...folderSource(model),
      open: (name, options) => {
        asked.push(options?.headBytes);
        return folderSource(model).open(name, options);
      },
    };
    const check = await checkModel(() => Promise.resolve(source), { gpu, kv: { contextTokens: 128 } });
    expect(check).toMatchObject({ error: noGpu, downloadBytes: weights.byteLength });
    expect(check.plan).toMatchObject({ contextTokens: 128, pagesPerHead: 8 });
    expect(check.plan).not.toHaveProperty('cache');
    expect(check.plan!.totalGpuBytes).toBe(
      Object.values(check.plan!.gpuBytes).reduce((sum, bytes) => sum + bytes),
    );
    expect(check).not.toHaveProperty('adapter');
    expect(asked.every((headBytes) => headBytes! <= 2 ** 20)).toBe(true);
    const smaller = await checkModel(() => Promise.resolve(source), { gpu, weights: 'q4' });
    expect(smaller.plan!.gpuBytes.weights).toBeLessThan(check.plan!.gpuBytes.weights);
    expect(smaller.plan!.contextTokens).toBe(check.modelContextTokens);
  });

  test('that has not all its files, or is none, is as far known as it goes', async () => {
    const look = (folder: typeof model) => checkModel(() => Promise.resolve(folderSource(folder)), { gpu });
    expect(await look(without('config.json'))).toEqual({ error: expect.objectContaining(noGpu) as unknown });
    const noWeights = await look(without('model.safetensors'));
    expect(noWeights).toHaveProperty('modelContextTokens');
    expect(noWeights).not.toHaveProperty('downloadBytes');
  });

  test('with wrong options or no model at all is the caller’s mistake; an abort is its own', async () => {
    const open = () => Promise.resolve(folderSource(model));
    await expect(checkModel(open, { gpu, kv: { numSequences: 0 } })).rejects.toThrow(RangeError);
    await expect(checkModel(() => Promise.reject(new TypeError('No.')), { gpu })).rejects.toThrow('No.');
    const signal = AbortSignal.abort(new Error('Enough.'));
    await expect(checkModel(open, { gpu, signal })).rejects.toThrow('Enough.');
  });
});
