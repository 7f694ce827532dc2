import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../../src/config/model-config';
import { planSlabs, weightBytes } from '../../../src/weights/weight-layout';

const config = parseModelConfig({
  architectures: ['LlamaForCausalLM'],
  vocab_size: 10,
  hidden_size: 32,
  intermediate_size: 24,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  tie_word_embeddings: true,
});

describe('planSlabs', () => {
  it('cuts at even rows within the limit, buffers counted as they are rounded', () => {
    // 32 columns of f16 are 64 bytes a row: five rows would fit 320 bytes.
    expect(planSlabs('f16', { numRows: 11, numColumns: 32 }, 320 + 15)).toEqual([
      { firstRow: 0, numRows: 4, valueBytes: 256, scaleBytes: 0 },
      { firstRow: 4, numRows: 4, valueBytes: 256, scaleBytes: 0 },
      { firstRow: 8, numRows: 3, valueBytes: 192, scaleBytes: 0 },
    ]);
    expect(planSlabs('q4', { numRows: 3, numColumns: 33 }, 2 ** 20)).toEqual([
      { firstRow: 0, numRows: 3, valueBytes: 96, scaleBytes: 32 },
    ]);
  });

  it('says when two rows do not fit', () => {
    expect(() => planSlabs('f32', { numRows: 4, numColumns: 32 }, 255)).toThrow(
      expect.objectContaining({ code: 'limit-too-small' }),
    );
  });
});

describe('weightBytes', () => {
  it('sums matrices and vectors', () => {
    const perLayer = (64 + 32) * 32 * 4 + 48 * 32 * 4 + 32 * 24 * 4 + 2 * 32 * 4;
    expect(weightBytes(config, 'f32', 2 ** 27)).toBe(10 * 32 * 4 + 32 * 4 + 3 * perLayer);
  });

  it('grows by an untied head', () => {
    const untied = weightBytes({ ...config, isHeadTied: false }, 'f16', 2 ** 27);
    expect(untied - weightBytes(config, 'f16', 2 ** 27)).toBe(10 * 32 * 2);
  });
});
