import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../src/config/model-config';
import { weightBytes } from '../../../src/weights/weight-layout';
import { qwen2Shape } from '../../bench/qwen2-shape';
import { numWeights, tokenBytes } from '../../bench/token-bytes';

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
