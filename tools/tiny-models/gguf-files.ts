/** Small GGUF files for tests: a model of one layer whose quantised tensors are random blocks. */
import { ByteWriter, ggufHeader, tensorTypes, type MetadataValue } from '../goldens/gguf-format';
import { randomSource } from '../util/random';

/** What of `tinyGguf` is to be otherwise. */
export interface TinyGgufOptions {
  readonly metadata?: Readonly<Record<string, MetadataValue>>;
}

const hidden = 256;
const heads = 4;
const intermediate = 256;
const tokens = ['<unk>', '<s>', '</s>', 'Ġa', 'a', 'b', 'ab', 'Ġab'];

const metadata: Readonly<Record<string, MetadataValue>> = {
  'general.architecture': { string: 'llama' },
  'general.alignment': { uint32: 32 },
  'llama.block_count': { uint32: 1 },
  'llama.context_length': { uint32: 256 },
  'llama.embedding_length': { uint32: hidden },
  'llama.feed_forward_length': { uint32: intermediate },
  'llama.attention.head_count': { uint32: heads },
  'llama.attention.head_count_kv': { uint32: 2 },
  'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
  'tokenizer.ggml.model': { string: 'gpt2' },
  'tokenizer.ggml.pre': { string: 'gpt-2' },
  'tokenizer.ggml.tokens': { strings: tokens },
  'tokenizer.ggml.token_type': { int32s: [2, 3, 3, 1, 1, 1, 1, 1] },
  'tokenizer.ggml.merges': { strings: ['Ġ a', 'Ġa b', 'a b'] },
  'tokenizer.ggml.bos_token_id': { uint32: 1 },
  'tokenizer.ggml.eos_token_id': { uint32: 2 },
};

const blockBytes = {
  f32: [1, 4],
  q4_0: [32, 18],
  q4_1: [32, 20],
  q8_0: [32, 34],
  q4_k: [256, 144],
  q6_k: [256, 210],
} as const;
/** Where in a block f16 scales lie, in bytes. */
const scaleBytes = { f32: [], q4_0: [0], q4_1: [0, 2], q8_0: [0], q4_k: [0, 2], q6_k: [208] } as const;

type TypeName = keyof typeof tensorTypes;

/** Name, shape and type of every tensor. */
export const tinyTensors: readonly (readonly [name: string, shape: readonly number[], type: TypeName])[] = [
  ['token_embd.weight', [tokens.length, hidden], 'q8_0'],
  ['output_norm.weight', [hidden], 'f32'],
  ['blk.0.attn_norm.weight', [hidden], 'f32'],
  ['blk.0.attn_q.weight', [hidden, hidden], 'q4_k'],
  ['blk.0.attn_k.weight', [hidden / 2, hidden], 'q4_k'],
  ['blk.0.attn_v.weight', [hidden / 2, hidden], 'q6_k'],
  ['blk.0.attn_output.weight', [hidden, hidden], 'q4_1'],
  ['blk.0.ffn_norm.weight', [hidden], 'f32'],
  ['blk.0.ffn_gate.weight', [intermediate, hidden], 'q4_0'],
  ['blk.0.ffn_up.weight', [intermediate, hidden], 'q8_0'],
  ['blk.0.ffn_down.weight', [hidden, intermediate], 'q6_k'],
];

/** The file's bytes; the same on every machine. */
export function tinyGguf({ metadata: changes = {} }: TinyGgufOptions = {}): Uint8Array<ArrayBuffer> {
  const next = randomSource(16);
  const tensors = tinyTensors.map(([name, shape, type]) => {
    const [elements, bytes] = blockBytes[type];
    const data = new Uint8Array((shape.reduce((a, b) => a * b, 1) / elements) * bytes);
    const view = new DataView(data.buffer);
    if (type === 'f32') for (let at = 0; at < data.length; at += 4) view.setFloat32(at, 1 + next() / 8, true);
    else {
      for (let at = 0; at < data.length; at++) data[at] = 256 * next();
      for (let block = 0; block < data.length; block += bytes)
        // About 0.0005 to 0.001, of either sign.
        for (const at of scaleBytes[type])
          view.setUint16(block + at, (next() < 0.5 ? 0x8000 : 0) | (0x1000 + 0x400 * next()), true);
    }
    return { name, shape, type: tensorTypes[type], sizeBytes: data.length, data };
  });
  const out = new ByteWriter();
  out.bytes(ggufHeader({ ...metadata, ...changes }, tensors));
  for (const { data } of tensors) {
    out.bytes(data);
    out.align();
  }
  return out.concat();
}
