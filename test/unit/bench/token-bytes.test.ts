import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import { weightBytes } from '../../../src/weights/weight-layout';
import { HeadSet } from '../../../src/cache/head-set';
import { qwen2Shape } from '../../../tools/bench/qwen2-shape';
import { attendedBytes, numWeights, tokenBytes } from '../../../tools/bench/token-bytes';

const tiny = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 2048,
};

describe('bytes of a decode step', () => {
  test('an untied f32 model, counted by hand', () => {
    const config = parseModelConfig({ ...tiny, tie_word_embeddings: false });
    // qkv 128 × 64, output 64 × 64, gate and up 192 × 64, down 64 × 96, two norms of 64.
    const layer = 128 * 64 + 64 * 64 + 192 * 64 + 64 * 96 + 2 * 64;
    const elements = 3 * layer + 64 + 100 * 64 + 64;
    expect(tokenBytes(config, 'f32', 'f32', 9)).toEqual({
      weights: 4 * elements,
      kv: 4 * 2 * 2 * 16 * 10 * 3,
      total: 4 * elements + 4 * 2 * 2 * 16 * 10 * 3,
    });
    expect(numWeights(config)).toBe(3 * layer + 64 + 2 * 100 * 64);
  });

  test('a window bounds what is attended', () => {
    const config = parseModelConfig({
      ...tiny,
      architectures: ['MistralForCausalLM'],
      model_type: 'mistral',
      sliding_window: 32,
    });
    expect(tokenBytes(config, 'f16', 'f16', 15).kv).toBe(2 * 2 * 2 * 16 * 16 * 3);
    expect(tokenBytes(config, 'f16', 'f16', 1000).kv).toBe(2 * 2 * 2 * 16 * 32 * 3);
  });

  test('the Qwen2 shape in 4 bits: all weights once, and the embedding as the head', () => {
    const config = parseModelConfig(qwen2Shape);
    const all = weightBytes(config, 'q4', 2 ** 30);
    const embeddingRow = (896 / 32) * 20;
    expect(tokenBytes(config, 'q4', 'f16', 0).weights).toBe(all + embeddingRow);
    expect(numWeights(config)).toBe(494_032_768);
  });
});

test('bytes that attention reads, counted by hand: two layers of two heads, one of the four unstable', () => {
  const unstable = new HeadSet(2, 2, [3]);
  const sizes = {
    numLayers: 2,
    numKvHeads: 2,
    unstable,
    pagesPerHead: 8,
    pageBytes: 100,
    summaryBytes: 16,
    interval: 4,
  };
  const at = (numPages: number, isExact = false) =>
    attendedBytes(sizes, { numSequences: 3, numPages, isExact, mostWhole: 20 });
  expect(at(40, true)).toBe(3 * 4 * 4000);
  expect(at(8)).toBe(3 * 4 * 800);
  expect(at(20)).toBe(3 * (2000 + 3 * (800 + 80)));
  expect(at(40)).toBe(3 * (800 + 640 + 3 * (800 + 160)));
});
