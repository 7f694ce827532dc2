import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
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
    expect(planSlabs([{ numRows: 11, format: 'f16' }], 32, 320 + 15)).toEqual([
      { format: 'f16', firstRow: 0, numRows: 4, valueBytes: 256, scaleBytes: 0 },
      { format: 'f16', firstRow: 4, numRows: 4, valueBytes: 256, scaleBytes: 0 },
      { format: 'f16', firstRow: 8, numRows: 3, valueBytes: 192, scaleBytes: 0 },
    ]);
    expect(planSlabs([{ numRows: 3, format: 'q4' }], 33, 2 ** 20)).toEqual([
      { format: 'q4', firstRow: 0, numRows: 3, valueBytes: 96, scaleBytes: 32 },
    ]);
  });

  it('goes on with the next run of rows where the format changes', () => {
    expect(
      planSlabs(
        [
          { numRows: 4, format: 'q4-k32' },
          { numRows: 2, format: 'q8-k16' },
        ],
        512,
        2 ** 20,
      ),
    ).toEqual([
      { format: 'q4-k32', firstRow: 0, numRows: 4, valueBytes: 1024, scaleBytes: 160 },
      { format: 'q8-k16', firstRow: 4, numRows: 2, valueBytes: 1024, scaleBytes: 80 },
    ]);
  });

  it('says when two rows do not fit', () => {
    expect(() => planSlabs([{ numRows: 4, format: 'f32' }], 32, 255)).toThrow(
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
