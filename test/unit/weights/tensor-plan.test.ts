import { describe, expect, it } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import type { TensorHeader } from '../../../src/weights/safetensors';
import { matchTensor, planTensors, requireTensors } from '../../../src/weights/tensor-plan';

function configOf(name: string, fields: object = {}) {
  return parseModelConfig({
    architectures: [`${name}ForCausalLM`],
    vocab_size: 10,
    hidden_size: 32,
    intermediate_size: 24,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 8,
    ...fields,
  });
}

function headerOf(name: string, shape: number[], elementType = 'F32'): TensorHeader {
  return { name, elementType, shape, offsetBytes: 0, sizeBytes: 0 };
}

const rows = (firstTargetRow: number, numRows: number, rowStep = 1) => ({ firstTargetRow, numRows, rowStep });

describe('planTensors', () => {
  it('puts q, k and v one after another and interleaves gate and up', () => {
    const plan = planTensors(configOf('Llama', { attention_bias: true, mlp_bias: true }));
    const runs = (name: string) => plan.get(`layers.1.${name}`)!.runs;
    for (const part of ['weight', 'bias']) {
      expect(runs(`self_attn.q_proj.${part}`)).toEqual([rows(0, 32)]);
      expect(runs(`self_attn.k_proj.${part}`)).toEqual([rows(32, 16)]);
      expect(runs(`self_attn.v_proj.${part}`)).toEqual([rows(48, 16)]);
      expect(runs(`mlp.gate_proj.${part}`)).toEqual([rows(0, 24, 2)]);
      expect(runs(`mlp.up_proj.${part}`)).toEqual([rows(1, 24, 2)]);
    }
    expect(plan.get('layers.1.self_attn.v_proj.weight')).toMatchObject({
      shape: [16, 32],
      target: { kind: 'matrix', layerIndex: 1, part: 'qkv' },
    });
    expect(plan.get('layers.0.mlp.down_proj.bias')).toMatchObject({
      shape: [32],
      target: { kind: 'vector', layerIndex: 0, part: 'downBias' },
    });
  });

  it('cuts the fused tensors of Phi3', () => {
    const plan = planTensors(configOf('Phi3'));
    expect(plan.get('layers.0.self_attn.qkv_proj.weight')).toMatchObject({
      shape: [64, 32],
      runs: [rows(0, 32), rows(32, 16), rows(48, 16)],
    });
    expect(plan.get('layers.0.mlp.gate_up_proj.weight')).toMatchObject({
      shape: [48, 32],
      runs: [rows(0, 24, 2), rows(1, 24, 2)],
    });
  });

  it('has a head only where it is not tied, and q and k norms only where there are some', () => {
    expect(planTensors(configOf('Llama')).has('lm_head.weight')).toBe(true);
    expect(planTensors(configOf('SmolLM3')).has('lm_head.weight')).toBe(false);
    expect(planTensors(configOf('Qwen3')).get('layers.1.self_attn.k_norm.weight')!.runs).toEqual([
      rows(8, 8),
    ]);
    expect(planTensors(configOf('Qwen2')).has('layers.1.self_attn.k_norm.weight')).toBe(false);
  });

  it('covers every row of every matrix exactly once', () => {
    for (const name of ['Llama', 'Mistral', 'Qwen2', 'Qwen3', 'SmolLM3', 'Phi3']) {
      const covered = new Map<string, number[]>();
      for (const { target, runs, shape } of planTensors(configOf(name)).values()) {
        const key = `${target.layerIndex ?? ''} ${target.part}`;
        const list = covered.get(key) ?? [];
        covered.set(key, list);
        expect(runs.reduce((total, { numRows }) => total + numRows, 0)).toBe(shape[0]);
        for (const { numRows, firstTargetRow, rowStep } of runs) {
          for (let i = 0; i < numRows; i++) list.push(firstTargetRow + i * rowStep);
        }
      }
      for (const list of covered.values()) {
        expect(list.sort((a, b) => a - b)).toEqual(Array.from(list, (_, i) => i));
      }
    }
  });
});

describe('matchTensor', () => {
  const plan = planTensors(configOf('Llama'));
  const match = (...headers: TensorHeader[]) => {
    const seen = new Set<string>();
    return headers.map((header) => matchTensor(plan, header, 'f', seen));
  };

  it('finds tensors with and without their prefix and skips what it does not need', () => {
    const placed = match(
      headerOf('model.norm.weight', [32], 'BF16'),
      headerOf('embed_tokens.weight', [10, 32]),
      headerOf('model.layers.0.self_attn.rotary_emb.inv_freq', [4]),
      headerOf('model.layers.2.self_attn.q_proj.bias', [32]),
      headerOf('counter', [1], 'I64'),
    ).map(({ placement }) => placement?.name);
    expect(placed).toEqual(['norm.weight', 'embed_tokens.weight', undefined, undefined, undefined]);
  });

  it.each([
    ['weights-corrupt', 'model.norm.weight', headerOf('model.norm.weight', [33])],
    ['weights-corrupt', 'model.norm.weight', headerOf('model.norm.weight', [32, 1])],
    ['weights-corrupt', 'embed_tokens', headerOf('model.embed_tokens.weight', [32, 10])],
    ['model-unsupported', 'I8', headerOf('model.norm.weight', [32], 'I8')],
    ['model-unsupported', 'q_proj.bias', headerOf('model.layers.0.self_attn.q_proj.bias', [32])],
    ['model-unsupported', 'q_norm', headerOf('model.layers.0.self_attn.q_norm.weight', [8])],
    ['model-unsupported', 'experts', headerOf('layers.1.mlp.experts.0.up_proj.weight', [8, 8])],
    ['model-unsupported', 'qweight', headerOf('model.layers.1.mlp.up_proj.qweight', [8, 8], 'I32')],
  ])('refuses as %s, naming %s', (code, named, header) => {
    expect(() => match(header)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(named) as string }),
    );
  });

  it('refuses a tensor that comes twice, in one file or in two', () => {
    const seen = new Set<string>();
    matchTensor(plan, headerOf('model.norm.weight', [32]), 'f', seen);
    expect(() => matchTensor(plan, headerOf('norm.weight', [32]), 'g', seen)).toThrow(/twice/);
  });

  it('names what is missing', () => {
    expect(() => requireTensors(plan.keys(), new Set(['norm.weight']), 'f')).toThrow(/'embed_tokens.weight'/);
    expect(() => requireTensors(plan.keys(), new Set(plan.keys()), 'f')).not.toThrow();
  });
});
