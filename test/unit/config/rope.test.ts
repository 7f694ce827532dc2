import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import { inverseFrequencies, ropeAttentionFactor, ropeTable } from '../../../src/config/rope';
import { expectClose } from '../../support/compare';

const llama = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 100,
  hidden_size: 256,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  max_position_embeddings: 32_768,
};

/** Channel pairs that the expected values below are of. */
const pairs = [0, 1, 5, 8, 12, 16, 20, 24, 31];

/**
 * Made with transformers 5.18.0 by
 *   c = LlamaConfig(hidden_size=256, num_attention_heads=4, max_position_embeddings=32768, rope_parameters=p)
 *   f, s = ROPE_INIT_FUNCTIONS[p['rope_type']](c, 'cpu')  # 'default': LlamaRotaryEmbedding.compute_default_rope_parameters
 *   print([float(f'{x:.8g}') for x in f[[0, 1, 5, 8, 12, 16, 20, 24, 31]].tolist()], s)
 */
const references = [
  {
    rope: { rope_type: 'default', rope_theta: 10_000 },
    frequencies: [
      1, 0.7498942, 0.23713736, 0.1, 0.031622779, 0.0099999998, 0.0031622779, 0.001, 0.00013335215,
    ],
    attentionFactor: 1,
  },
  {
    rope: { rope_type: 'linear', rope_theta: 10_000, factor: 4 },
    frequencies: [
      0.25, 0.18747355, 0.059284341, 0.025, 0.0079056947, 0.0024999999, 0.00079056947, 0.00025000001,
      3.3338038e-5,
    ],
    attentionFactor: 1,
  },
  {
    rope: {
      rope_type: 'llama3',
      rope_theta: 500_000,
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    frequencies: [
      1, 0.66360128, 0.12868738, 0.037606031, 0.0072926651, 0.00052484602, 3.4281024e-5, 6.6478697e-6,
      3.7673226e-7,
    ],
    attentionFactor: 1,
  },
  {
    rope: { rope_type: 'yarn', rope_theta: 1_000_000, factor: 4, original_max_position_embeddings: 32_768 },
    frequencies: [
      1, 0.64938164, 0.1154782, 0.031622779, 0.0051547955, 0.00058333337, 4.4456985e-5, 7.9056936e-6,
      3.8498163e-7,
    ],
    attentionFactor: 1.138629436111989,
  },
  {
    rope: {
      rope_type: 'yarn',
      rope_theta: 10_000,
      factor: 40,
      original_max_position_embeddings: 4096,
      beta_fast: 24,
      beta_slow: 2,
      mscale: 1,
      mscale_all_dim: 0.5,
      truncate: false,
    },
    frequencies: [
      1, 0.7498942, 0.23713736, 0.1, 0.029736267, 0.0048861187, 0.00011662647, 2.4999999e-5, 3.3338035e-6,
    ],
    attentionFactor: 1.1557219901962608,
  },
  {
    rope: {
      rope_type: 'yarn',
      rope_theta: 10_000,
      factor: 2,
      original_max_position_embeddings: 2048,
      attention_factor: 1.25,
    },
    frequencies: [
      1, 0.7498942, 0.23713736, 0.1, 0.026757736, 0.0069230767, 0.001702765, 0.00050000002, 6.6676075e-5,
    ],
    attentionFactor: 1.25,
  },
];

describe('inverseFrequencies', () => {
  it.each(references)('agrees with transformers for $rope', ({ rope, frequencies, attentionFactor }) => {
    const config = parseModelConfig({ ...llama, rope_parameters: rope });
    const all = inverseFrequencies(config.rope);
    expect(all).toHaveLength(32);
    expectClose(
      pairs.map((pair) => all[pair]!),
      frequencies,
      // The reference computes in f32, its ramp included.
      { absolute: 0, relative: 5e-6 },
    );
    expect(ropeAttentionFactor(config.rope)).toBeCloseTo(attentionFactor, 12);
  });

  it('covers only the rotated part of a head', () => {
    const { rope } = parseModelConfig({
      ...llama,
      architectures: ['Phi3ForCausalLM'],
      partial_rotary_factor: 0.75,
    });
    const frequencies = inverseFrequencies(rope);
    expect(frequencies).toHaveLength(24);
    expect(frequencies[12]).toBeCloseTo(0.01, 12);
  });
});

describe('ropeTable', () => {
  /**
   * Cosines and sines of the positions by transformers 5.18.0:
   *   c = LlamaConfig(hidden_size=32, num_attention_heads=4, max_position_embeddings=32768, rope_parameters=dict(
   *     rope_theta=10000.0, rope_type='yarn', factor=4.0, original_max_position_embeddings=8192))
   *   cos, sin = LlamaRotaryEmbedding(c)(torch.zeros(1), torch.tensor([[0, 255, 256, 700, 5000]]))
   *   print(cos[0, :, :4].tolist(), sin[0, :, :4].tolist())
   */
  const rotations = [
    { position: 0, cos: [1.138629, 1.138629, 1.138629, 1.138629], sin: [0, 0, 0, 0] },
    {
      position: 255,
      cos: [-0.981844, 1.0627, -0.381546, 1.129387],
      sin: [-0.576592, 0.408834, 1.0728, 0.144782],
    },
    {
      position: 256,
      cos: [-0.045307, 1.016575, -0.389582, 1.129315],
      sin: [-1.137728, 0.512885, 1.069908, 0.145347],
    },
    {
      position: 700,
      cos: [-0.955429, 0.721116, 0.583075, 1.069597],
      sin: [0.619381, 0.881175, -0.978008, 0.390434],
    },
    {
      position: 5000,
      cos: [0.17611, -1.006377, 1.116132, -0.912206],
      sin: [-1.124928, -0.532619, -0.225224, 0.681438],
    },
  ];
  const { rope } = parseModelConfig({
    ...llama,
    hidden_size: 32,
    rope_parameters: {
      rope_type: 'yarn',
      rope_theta: 10_000,
      factor: 4,
      original_max_position_embeddings: 8192,
    },
  });

  it('has a row for each low position and for each 256th', () => {
    expect(ropeTable(rope, 1)).toHaveLength((256 + 1) * 8);
    expect(ropeTable(rope, 256)).toHaveLength((256 + 1) * 8);
    expect(ropeTable(rope, 257)).toHaveLength((256 + 2) * 8);
  });

  it.each(rotations)('gives position $position as the product of two rows', ({ position, cos, sin }) => {
    const table = ropeTable(rope, 8192);
    const low = (position % 256) * 8;
    const high = (256 + Math.floor(position / 256)) * 8;
    for (let pair = 0; pair < 4; pair++) {
      const [lowCos, lowSin] = [table[low + 2 * pair]!, table[low + 2 * pair + 1]!];
      const [highCos, highSin] = [table[high + 2 * pair]!, table[high + 2 * pair + 1]!];
      // The reference multiplies in f32, which at position 5000 is off by a few 1e-4 radians.
      expect(Math.abs(lowCos * highCos - lowSin * highSin - cos[pair]!)).toBeLessThan(5e-4);
      expect(Math.abs(lowSin * highCos + lowCos * highSin - sin[pair]!)).toBeLessThan(5e-4);
    }
  });
});
