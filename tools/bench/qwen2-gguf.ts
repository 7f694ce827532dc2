/** Writes a GGUF file of the Qwen2-0.5B shape with random q4_0 weights, for llama.cpp beside our random model. */
import { createWriteStream, mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { qwen2Shape } from './qwen2-shape';
import { randomSource } from '../util/random';
import { tinyVocabulary } from '../tiny-models/tiny-tokenizer';
import { toF16Bits } from '../../src/util/f16';
import { ggufTokenTexts, tokenTypes } from '../goldens/gguf';
import {
  alignment,
  ggufHeader,
  tensorTypes,
  type GgufTensor,
  type MetadataValue,
} from '../goldens/gguf-format';

const blockValues = 32;
const blockBytes = 18;
/** Blocks that are repeated: a prime number, so that rows differ. */
const poolBlocks = 65_521;

/** About 280 MB; written beside `path` first and moved there when complete. */
export async function writeQwen2Gguf(path: string): Promise<void> {
  console.error(`Writing ${path}…`);
  mkdirSync(dirname(path), { recursive: true });
  const partPath = `${path}.part`;
  await pipeline(Readable.from(filePieces()), createWriteStream(partPath));
  renameSync(partPath, path);
}

/** A text of exactly `numTokens` tokens: capital letters, which no merge of the tiny tokenizer joins. */
export function numTextTokens(numTokens: number, seed: number): string {
  const next = randomSource(seed);
  const letters = Array.from({ length: numTokens }, () => String.fromCharCode(65 + Math.floor(26 * next())));
  return letters.join('');
}

function* filePieces(): Generator<Uint8Array> {
  const tensors = planTensors();
  yield ggufHeader(metadata(), tensors);
  const pools = new Map<number, Uint8Array>();
  for (const { shape, type, sizeBytes } of tensors) {
    if (type === tensorTypes.f32) {
      // Norms are 1; biases as well, which costs what any other value does.
      yield new Uint8Array(new Float32Array(sizeBytes / 4).fill(1).buffer);
    } else {
      const columns = shape[1]!;
      const pool = pools.get(columns) ?? randomBlocks(columns);
      pools.set(columns, pool);
      for (let done = 0; done < sizeBytes; done += pool.length) yield pool.subarray(0, sizeBytes - done);
    }
    yield new Uint8Array((alignment - (sizeBytes % alignment)) % alignment);
  }
}

/** q4_0 blocks of a matrix that keeps the scale of what it is multiplied with. */
function randomBlocks(columns: number): Uint8Array {
  const next = randomSource(columns);
  const pool = new Uint8Array(poolBlocks * blockBytes);
  const view = new DataView(pool.buffer);
  // Values are uniform among 16 steps, whose deviation is 4.6 of them.
  const scale = toF16Bits(1 / Math.sqrt(columns) / 4.6);
  for (let block = 0; block < poolBlocks; block++) {
    view.setUint16(block * blockBytes, scale, true);
    for (let i = 2; i < blockBytes; i++) pool[block * blockBytes + i] = Math.floor(256 * next());
  }
  return pool;
}

function planTensors(): GgufTensor[] {
  const { hidden_size: hidden, intermediate_size: intermediate, vocab_size: vocab } = qwen2Shape;
  const kvWidth = (hidden / qwen2Shape.num_attention_heads) * qwen2Shape.num_key_value_heads;
  const matrix = (name: string, rows: number, columns: number): GgufTensor => ({
    name: `${name}.weight`,
    shape: [rows, columns],
    type: tensorTypes.q4_0,
    sizeBytes: (rows * columns * blockBytes) / blockValues,
  });
  const vector = (name: string, length: number): GgufTensor => ({
    name,
    shape: [length],
    type: tensorTypes.f32,
    sizeBytes: 4 * length,
  });
  const layers = Array.from({ length: qwen2Shape.num_hidden_layers }, (_, index) => {
    const prefix = `blk.${index}`;
    return [
      vector(`${prefix}.attn_norm.weight`, hidden),
      ...(
        [
          ['attn_q', hidden],
          ['attn_k', kvWidth],
          ['attn_v', kvWidth],
        ] as const
      ).flatMap(([name, rows]) => [
        matrix(`${prefix}.${name}`, rows, hidden),
        vector(`${prefix}.${name}.bias`, rows),
      ]),
      matrix(`${prefix}.attn_output`, hidden, hidden),
      vector(`${prefix}.ffn_norm.weight`, hidden),
      matrix(`${prefix}.ffn_gate`, intermediate, hidden),
      matrix(`${prefix}.ffn_up`, intermediate, hidden),
      matrix(`${prefix}.ffn_down`, hidden, intermediate),
    ];
  });
  return [matrix('token_embd', vocab, hidden), vector('output_norm.weight', hidden), ...layers.flat()];
}

function metadata(): Record<string, MetadataValue> {
  const { vocab_size: vocab } = qwen2Shape;
  const { numSpecial, merges, bosId, eosId } = tinyVocabulary;
  const texts = ggufTokenTexts();
  const isSpecial = (id: number) => id < numSpecial;
  return {
    'general.architecture': { string: 'qwen2' },
    'general.name': { string: 'random weights' },
    'general.alignment': { uint32: alignment },
    'qwen2.context_length': { uint32: qwen2Shape['max_position_embeddings'] as number },
    'qwen2.embedding_length': { uint32: qwen2Shape.hidden_size },
    'qwen2.block_count': { uint32: qwen2Shape.num_hidden_layers },
    'qwen2.feed_forward_length': { uint32: qwen2Shape.intermediate_size },
    'qwen2.attention.head_count': { uint32: qwen2Shape.num_attention_heads },
    'qwen2.attention.head_count_kv': { uint32: qwen2Shape.num_key_value_heads },
    'qwen2.attention.layer_norm_rms_epsilon': { float32: qwen2Shape['rms_norm_eps'] as number },
    'qwen2.rope.freq_base': { float32: qwen2Shape['rope_theta'] as number },
    'tokenizer.ggml.model': { string: 'gpt2' },
    'tokenizer.ggml.pre': { string: 'gpt-2' },
    'tokenizer.ggml.tokens': {
      strings: Array.from({ length: vocab }, (_, id) => texts[id] ?? `[${id}]`),
    },
    'tokenizer.ggml.token_type': {
      int32s: Array.from({ length: vocab }, (_, id) =>
        isSpecial(id) ? tokenTypes.control : tokenTypes.normal,
      ),
    },
    'tokenizer.ggml.merges': { strings: merges },
    'tokenizer.ggml.bos_token_id': { uint32: bosId },
    'tokenizer.ggml.eos_token_id': { uint32: eosId },
    'tokenizer.ggml.add_bos_token': { bool: false },
  };
}
