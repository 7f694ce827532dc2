/** The test models: what is committed is what the generator makes, and its tokenizer is the one that llama.cpp used. */
import { describe, expect, test } from 'vitest';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { architectureSpecs, tinyLlama } from '../../../tools/tiny-models/model-configs';
import {
  architectureModel,
  goldenPromptLengths,
  llamaCppGoldens,
  makeModel,
  modelConfigJson,
  modelTensors,
  tinyLlamaModel,
  transformersGoldens,
} from '../../../tools/tiny-models/models';
import { readSafetensors, roundTo, writeSafetensors } from '../../../tools/tiny-models/safetensors';

function readJson(bytes: Uint8Array | undefined): object {
  return JSON.parse(new TextDecoder().decode(bytes)) as object;
}

describe('tiny-llama', () => {
  test('is what the generator makes, byte for byte', () => {
    const made = makeModel(tinyLlama).files;
    const { files } = tinyLlamaModel();
    expect([...files.keys()].sort()).toEqual([...made.keys()].sort());
    for (const [path, bytes] of made) expect(Buffer.from(files.get(path)!).equals(bytes), path).toBe(true);
  });

  test('has a tokenizer that gives the prompts that llama.cpp saw', () => {
    const { files } = tinyLlamaModel();
    const tokenizer = Tokenizer.fromJson(
      readJson(files.get('tokenizer.json')),
      readJson(files.get('tokenizer_config.json')),
    );
    const goldens = llamaCppGoldens('tiny-llama');
    expect(goldens[0]!.tokens).toHaveLength(200);
    for (const { text, prompt } of goldens) expect(tokenizer.encode(text!)).toEqual(prompt);
    const text = 'the ünïcode – 日本語 🙂 <|im_end|>';
    expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: false })).toBe(`<s>${text}`);
  });
});

describe('architecture models', () => {
  test('have goldens for every prompt length', () => {
    for (const { name, config } of architectureSpecs) {
      const goldens = transformersGoldens(name);
      expect(goldens.map((golden) => golden.prompt.length)).toEqual([...goldenPromptLengths]);
      for (const { prompt, tokens, top } of goldens) {
        expect(Math.max(...prompt, ...tokens)).toBeLessThan(config.vocab_size);
        expect(top.map(({ ids }) => ids[0])).toEqual(tokens);
        expect(top.map(({ ids }) => ids.length)).toEqual([20, 5, 5, 5, 5, 5, 5, 5, 5]);
      }
    }
  });

  test('hold their shards by an index', () => {
    const model = architectureModel('smollm3');
    const index = readJson(model.files.get('model.safetensors.index.json')) as { weight_map: object };
    expect(Object.keys(index.weight_map)).toEqual([...modelTensors(model).keys()]);
    expect(new Set(Object.values(index.weight_map)).size).toBe(3);
    expect(modelConfigJson(model)).toMatchObject({ num_hidden_layers: 3 });
  });
});

test('safetensors survive the way through each element type', () => {
  const data = Float32Array.of(0, -1.5, 1 / 3, 65504, -1e-7, 3.16);
  for (const type of ['F32', 'F16', 'BF16'] as const) {
    const file = writeSafetensors(new Map([['a.b', { shape: [2, 3], data }]]), type);
    const tensor = readSafetensors(file).get('a.b')!;
    expect(tensor.shape).toEqual([2, 3]);
    expect([...tensor.data]).toEqual([...data].map((value) => roundTo(type, value)));
  }
  expect(roundTo('BF16', 1 / 3)).toBe(0.333984375);
  expect(roundTo('F16', 1 / 3)).toBe(0.333251953125);
});
