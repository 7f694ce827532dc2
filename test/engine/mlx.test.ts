/** MLX's files as they are: they answer as their weights do in f32. GGUF against llama.cpp: gguf.full.test.ts. */
import { expect, test } from 'vitest';
import { EngineCore } from '../../src/engine/engine';
import type { EngineOptions } from '../../src/engine/engine-options';
import type { ModelSource } from '../../src/source/model-source';
import { answer, requestOf } from '../support/engine';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { randomMlxMatrix } from '../support/mlx';
import { tinyLlama } from '../../tools/tiny-models/model-configs';
import { makeModel, modelConfigJson, modelTensors, type ModelFolder } from '../../tools/tiny-models/models';
import {
  writeRawSafetensors,
  writeSafetensors,
  type RawTensor,
  type Tensor,
} from '../../tools/tiny-models/safetensors';
import { sharedGpu } from '../support/shared-gpu';

const kv = { format: 'f32' } as const;

/** Log-probabilities by token at each of eight steps after a prompt, and the GPU bytes of the weights. */
async function run(source: ModelSource, prompt: readonly number[], weights?: EngineOptions['weights']) {
  const engine = await EngineCore.load(source, { gpu: sharedGpu, kv, ...(weights && { weights }) });
  try {
    const request = requestOf(prompt, { maxTokens: 8, logprobs: 20, ignoreEos: true });
    const { tokenIds, logprobs } = await answer(engine, request);
    const steps = logprobs.map(({ top }) => new Map(top.map(({ id, logprob }) => [id, logprob])));
    return { tokenIds, steps, weightBytes: engine.stats().memory.gpuBytes.weights };
  } finally {
    await engine.dispose();
  }
}

type Run = Awaited<ReturnType<typeof run>>;

function expectAlike(a: Run, b: Run): void {
  expect(a.tokenIds).toEqual(b.tokenIds);
  for (const [step, logprobs] of a.steps.entries()) {
    const inBoth = [...logprobs].filter(([id]) => b.steps[step]!.has(id));
    expect(inBoth.length).toBeGreaterThan(Math.min(5, logprobs.size - 1));
    for (const [id, logprob] of inBoth)
      expect(Math.abs(logprob - b.steps[step]!.get(id)!), `step ${step}, token ${id}`).toBeLessThan(2e-3);
  }
}

/** A model whose matrices MLX has quantised, with scales in bf16 or f16, and the same weights as they are in f32. */
function mlxModels(): { mlx: ModelFolder; plain: ModelFolder } {
  // Sizes that groups of 64 columns divide.
  const sizes = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2 };
  const base = makeModel({ ...tinyLlama, config: { ...tinyLlama.config, ...sizes } });
  const config = modelConfigJson(base) as Record<string, unknown>;
  const [quantised, floats] = [new Map<string, RawTensor>(), new Map<string, Tensor>()];
  for (const [name, { shape, data }] of modelTensors(base)) {
    const [numRows, columns] = shape as [number, number];
    const isQuantised = shape.length === 2 && columns % 64 === 0 && !name.includes('v_proj');
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    if (!isQuantised) {
      quantised.set(name, { type: 'F32', shape, bytes });
      floats.set(name, { shape, data });
      continue;
    }
    const bits = name.includes('down_proj') ? 3 : name.includes('embed_tokens') ? 6 : 4;
    const type = name.includes('embed_tokens') ? 'F16' : 'BF16';
    const groups = { bits, groupSize: 64, type, seed: name.length + numRows } as const;
    const matrix = randomMlxMatrix(numRows, columns, groups);
    const module = name.replace(/\.weight$/, '');
    const scaleShape = [numRows, columns / 64];
    quantised.set(`${module}.biases`, { type, shape: scaleShape, bytes: matrix.biases });
    quantised.set(`${module}.scales`, { type, shape: scaleShape, bytes: matrix.scales });
    quantised.set(name, { type: 'U32', shape: [numRows, (columns * bits) / 32], bytes: matrix.weight });
    floats.set(name, { shape, data: matrix.values });
  }
  // Two layers of q, k, o, gate, up and down, and the embedding, each three tensors.
  expect([...quantised.values()].filter(({ type }) => type === 'U32')).toHaveLength(13);
  const overrides: Record<string, { bits: number; group_size: number } | false> = {};
  for (const name of quantised.keys()) {
    const module = name.replace(/\.weight$/, '');
    if (name.endsWith('v_proj.weight')) overrides[module] = false;
    if (name.endsWith('down_proj.weight')) overrides[module] = { bits: 3, group_size: 64 };
    if (name.endsWith('embed_tokens.weight')) overrides[module] = { bits: 6, group_size: 64 };
  }
  const withWeights = (weights: Uint8Array, changes: object): ModelFolder => {
    const files = new Map([...base.files].filter(([name]) => !name.includes('safetensors')));
    files.set('config.json', new TextEncoder().encode(JSON.stringify({ ...config, ...changes })));
    files.set('model.safetensors', weights);
    return { name: 'mlx', title: '', files };
  };
  const quantization = { bits: 4, group_size: 64, ...overrides };
  return {
    mlx: withWeights(writeRawSafetensors(quantised), { quantization, quantization_config: quantization }),
    plain: withWeights(writeSafetensors(floats, 'F32'), {}),
  };
}

test('an MLX folder with bits of its own in some modules', async () => {
  const { mlx, plain } = mlxModels();
  const prompt = [5, 70, 33, 200, 41, 41, 9, 120, 77, 6, 5, 18, 99, 250, 14, 3, 61];
  const [own, asked, wide] = [
    await run(folderSource(mlx), prompt),
    await run(folderSource(mlx), prompt, 'f32'),
    await run(folderSource(plain), prompt, 'f32'),
  ];
  expectAlike(own, wide);
  expectAlike(asked, wide);
  expect(own.weightBytes).toBeLessThan(wide.weightBytes / 2);
});

test('scales that are missing are found', async () => {
  const { mlx } = mlxModels();
  const text = Buffer.from(mlx.files.get('model.safetensors')!);
  const at = text.indexOf('.self_attn.q_proj.scales');
  text.write('.self_attn.q_proj.scalez', at);
  mlx.files.set('model.safetensors', new Uint8Array(text));
  await expect(run(folderSource(mlx), [5])).rejects.toMatchObject({ code: 'weights-corrupt' });
});
