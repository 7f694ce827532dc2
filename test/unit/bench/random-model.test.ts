import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../../src/config/read-model-config';
import { headerPrefixBytes, parseHeader, readHeaderLength } from '../../../src/weights/safetensors';
import { matchTensor, planName, planTensors, requireTensors } from '../../../src/weights/tensor-plan';
import type { ModelSource } from '../../../src/source/model-source';
import { qwen2Shape } from '../../../tools/bench/qwen2-shape';
import { randomModel } from '../../../tools/bench/random-model';
import { readSafetensors } from '../../../tools/tiny-models/safetensors';

const file = 'model.safetensors';
const small = {
  ...qwen2Shape,
  vocab_size: 320,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
};

async function readFile(source: ModelSource, offsetBytes = 0): Promise<Uint8Array> {
  const opened = await source.open(file, { offsetBytes });
  const parts: Uint8Array[] = [];
  for await (const part of opened!.stream as unknown as AsyncIterable<Uint8Array>) parts.push(part);
  // A buffer's slices would not be copies.
  return new Uint8Array(Buffer.concat(parts));
}

async function readTensorHeaders(source: ModelSource) {
  const opened = await source.open(file);
  const reader = opened!.stream.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const sizeBytes = opened!.sizeBytes!;
  const length = readHeaderLength(value!, file, sizeBytes);
  const json = value!.subarray(headerPrefixBytes, headerPrefixBytes + length);
  return parseHeader(json, file, sizeBytes - headerPrefixBytes - length);
}

describe('a random model', () => {
  test('of the Qwen2 shape has a header that holds against the configuration, and about 1 GB', async () => {
    const source = randomModel('test', qwen2Shape);
    const plan = planTensors(await readModelConfig(source));
    const headers = await readTensorHeaders(source);
    {
      const seen = new Set<string>();
      for (const header of headers) matchTensor(plan, header, file, seen);
    }
    requireTensors(plan.keys(), new Set(headers.map(({ name }) => planName(name))), file);
    expect(headers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(2 * 494_032_768);
  });

  test('streams exactly the bytes that it announces, the same each time, from any byte on', async () => {
    const source = randomModel('test', small);
    const all = await readFile(source);
    expect(all.length).toBe((await source.open(file))!.sizeBytes);
    expect(Buffer.compare(await readFile(randomModel('test', small)), all)).toBe(0);
    expect(Buffer.compare(await readFile(source, 1001), all.subarray(1001))).toBe(0);
    expect(await readFile(source, all.length)).toHaveLength(0);
  });

  test('has finite values of the scale that each tensor needs, and no two equal rows', async () => {
    const tensors = readSafetensors(await readFile(randomModel('test', small)));
    const statistics = (name: string) => {
      const { data } = tensors.get(name)!;
      const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
      const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
      return { mean, deviation: Math.sqrt(variance) };
    };
    const matrix = statistics('model.layers.1.mlp.gate_proj.weight');
    expect(matrix.mean).toBeCloseTo(0, 1);
    expect(matrix.deviation).toBeCloseTo(1 / 8, 2);
    expect(statistics('model.norm.weight').mean).toBeCloseTo(1, 1);
    expect(statistics('model.layers.0.self_attn.q_proj.bias').deviation).toBeCloseTo(0.1, 1);
    const { data } = tensors.get('model.embed_tokens.weight')!;
    const rows = new Set(Array.from({ length: 320 }, (_, i) => data.slice(64 * i, 64 * i + 64).join()));
    expect(rows.size).toBe(320);
  });

  test('has no other weight file', async () => {
    const source = randomModel('test', small);
    expect(await source.open('model.safetensors.index.json')).toBeUndefined();
    expect(await source.readText('generation_config.json')).toBeUndefined();
  });
});
