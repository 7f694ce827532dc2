/**
 * Writes a Hugging Face Llama folder as a GGUF file (version 3) of f32 tensors, for llama.cpp to read. Only what the test
 * models need: architecture `llama`, byte-level BPE. Format: the GGUF specification in the ggml repository (docs/gguf.md).
 */
import type { HfConfig } from '../tiny-models/model-weights';
import type { Tensor } from '../tiny-models/safetensors';
import { tinyVocabulary } from '../tiny-models/tiny-tokenizer';
import { alignment, ByteWriter, ggufHeader, tensorTypes, type MetadataValue } from './gguf-format';

/** Kinds of token in `tokenizer.ggml.token_type`. */
export const tokenTypes = { normal: 1, control: 3 } as const;

/**
 * Rows `[heads · headDim, width]` of a q or k matrix in llama.cpp's order for this architecture: its RoPE turns
 * neighbouring channels, Hugging Face's turns channel `i` with channel `i + headDim / 2`.
 */
function interleaveHalves({ shape, data }: Tensor, numHeads: number): Tensor {
  const [rows, width] = shape as [number, number];
  const headDim = rows / numHeads;
  const permuted = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / headDim);
    const channel = row % headDim;
    const from = head * headDim + (channel % 2) * (headDim / 2) + Math.floor(channel / 2);
    permuted.set(data.subarray(from * width, (from + 1) * width), row * width);
  }
  return { shape, data: permuted };
}

const layerNames: Readonly<Record<string, string>> = {
  'input_layernorm.weight': 'attn_norm.weight',
  'self_attn.q_proj.weight': 'attn_q.weight',
  'self_attn.k_proj.weight': 'attn_k.weight',
  'self_attn.v_proj.weight': 'attn_v.weight',
  'self_attn.o_proj.weight': 'attn_output.weight',
  'post_attention_layernorm.weight': 'ffn_norm.weight',
  'mlp.gate_proj.weight': 'ffn_gate.weight',
  'mlp.up_proj.weight': 'ffn_up.weight',
  'mlp.down_proj.weight': 'ffn_down.weight',
};

const outerNames: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

function ggufTensor(name: string, tensor: Tensor, config: HfConfig): [string, Tensor] {
  const layer = /^model\.layers\.(\d+)\.(.+)$/.exec(name);
  const ggufName = layer ? layerNames[layer[2]!] : outerNames[name];
  if (!ggufName) throw new Error(`no GGUF name is known for tensor '${name}'`);
  if (!layer) return [ggufName, tensor];
  const heads = { 'attn_q.weight': config.num_attention_heads, 'attn_k.weight': config.num_key_value_heads };
  const numHeads = (heads as Record<string, number>)[ggufName];
  return [`blk.${layer[1]}.${ggufName}`, numHeads ? interleaveHalves(tensor, numHeads) : tensor];
}

/**
 * Token texts for GGUF: those of bytes from 0x80 on become ASCII names such as `[0xfe]`, because wllama cannot report a
 * token that is not UTF-8 by itself. Ids stay, so ASCII prompts are tokenized as ever.
 */
export function ggufTokenTexts(): string[] {
  const { tokens, numSpecial } = tinyVocabulary;
  return tokens.map((token, id) => {
    const byte = id - numSpecial;
    return byte >= 0x80 && byte < 0x100 ? `[0x${byte.toString(16)}]` : token;
  });
}

function metadata(config: HfConfig): Record<string, MetadataValue> {
  const headDim = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  const { tokens, merges, numSpecial, bosId, eosId } = tinyVocabulary;
  return {
    'general.architecture': { string: 'llama' },
    'general.name': { string: 'longpage test model' },
    'general.alignment': { uint32: alignment },
    'llama.context_length': { uint32: config.max_position_embeddings as number },
    'llama.embedding_length': { uint32: config.hidden_size },
    'llama.block_count': { uint32: config.num_hidden_layers },
    'llama.feed_forward_length': { uint32: config.intermediate_size },
    'llama.attention.head_count': { uint32: config.num_attention_heads },
    'llama.attention.head_count_kv': { uint32: config.num_key_value_heads },
    'llama.attention.key_length': { uint32: headDim },
    'llama.attention.value_length': { uint32: headDim },
    'llama.attention.layer_norm_rms_epsilon': { float32: config.rms_norm_eps as number },
    'llama.rope.dimension_count': { uint32: headDim },
    'llama.rope.freq_base': { float32: config.rope_theta as number },
    'llama.vocab_size': { uint32: config.vocab_size },
    'tokenizer.ggml.model': { string: 'gpt2' },
    'tokenizer.ggml.pre': { string: 'gpt-2' },
    'tokenizer.ggml.tokens': { strings: ggufTokenTexts() },
    'tokenizer.ggml.token_type': {
      int32s: tokens.map((_, id) => (id < numSpecial ? tokenTypes.control : tokenTypes.normal)),
    },
    'tokenizer.ggml.merges': { strings: merges },
    'tokenizer.ggml.bos_token_id': { uint32: bosId },
    'tokenizer.ggml.eos_token_id': { uint32: eosId },
    'tokenizer.ggml.add_bos_token': { bool: true },
  };
}

/** The model as one GGUF file. @throws Error when the config needs something that this writer does not know. */
export function writeGguf(config: HfConfig, tensors: ReadonlyMap<string, Tensor>): Uint8Array<ArrayBuffer> {
  if (config.architectures[0] !== 'LlamaForCausalLM' || config.rope_scaling) {
    throw new Error('the GGUF writer knows plain Llama models only');
  }
  const entries = [...tensors].map(([name, tensor]) => ggufTensor(name, tensor, config));
  const header = ggufHeader(
    metadata(config),
    entries.map(([name, { shape, data }]) => ({
      name,
      shape,
      type: tensorTypes.f32,
      sizeBytes: data.byteLength,
    })),
  );
  const out = new ByteWriter();
  out.bytes(header);
  for (const [, { data }] of entries) {
    out.bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    out.align();
  }
  return out.concat();
}
