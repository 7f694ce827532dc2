/** The models of `public/models.json`: what their configurations say as far as sizes depend on it, and how llama.cpp quantises them. */
import type { ModelConfig } from '../../src/config/model-config';
import { parseModelConfig } from './parse-config';
import { ggmlFormats, type GgmlQuant } from '../../src/weights/ggml-rows';
import { ggmlRowBytes } from '../../src/source/gguf/ggml-types';
import { fileFormats, type MatrixFormats } from '../../src/weights/matrix-formats';
import { planTensors } from '../../src/weights/tensor-plan';

/** `[vocabulary, hidden, intermediate, layers, heads, KV heads, context]` */
type Shape = readonly [number, number, number, number, number, number, number];

function tied(architecture: string, shape: Shape, extra: object = {}): ModelConfig {
  const [vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads] = shape;
  return parseModelConfig({
    architectures: [architecture],
    vocab_size,
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads: shape[5],
    max_position_embeddings: shape[6],
    tie_word_embeddings: true,
    eos_token_id: 0,
    ...extra,
  });
}

const llama = (...shape: Shape) => tied('LlamaForCausalLM', shape);
const qwen3 = (...shape: Shape) => tied('Qwen3ForCausalLM', shape, { head_dim: 128 });
const gemma3 = (...shape: Shape) => tied('Gemma3ForCausalLM', shape, { head_dim: 256, sliding_window: 512 });

/** By their names on the list. */
export const listedConfigs: Readonly<Record<string, ModelConfig>> = {
  'SmolLM2 135M Instruct': llama(49_152, 576, 1536, 30, 9, 3, 8192),
  'SmolLM2 360M Instruct': llama(49_152, 960, 2560, 32, 15, 5, 8192),
  'SmolLM2 1.7B Instruct': llama(49_152, 2048, 8192, 24, 32, 32, 8192),
  'Qwen3 0.6B': qwen3(151_936, 1024, 3072, 28, 16, 8, 40_960),
  'Qwen3 1.7B': qwen3(151_936, 2048, 6144, 28, 16, 8, 40_960),
  'Qwen3 4B': qwen3(151_936, 2560, 9728, 36, 32, 8, 40_960),
  'Llama 3.2 1B Instruct': llama(128_256, 2048, 8192, 16, 32, 8, 131_072),
  'Llama 3.2 3B Instruct': llama(128_256, 3072, 8192, 28, 24, 8, 131_072),
  'Gemma 3 270M': gemma3(262_144, 640, 2048, 18, 4, 1, 32_768),
  'Gemma 3 1B': gemma3(262_144, 1152, 6912, 26, 4, 1, 32_768),
  'Phi-4 mini': tied('Phi3ForCausalLM', [200_064, 3072, 8192, 32, 24, 8, 131_072], {
    partial_rotary_factor: 0.75,
    sliding_window: 262_144,
    original_max_position_embeddings: 4096,
    rope_scaling: {
      type: 'longrope',
      short_factor: new Array<number>(48).fill(1),
      long_factor: new Array<number>(48).fill(2),
    },
  }),
};

/** Layers to which `Q4_K_M` gives more bits: the first and last eighths, and every third between them. */
function hasMoreBits(layer: number, numLayers: number): boolean {
  const eighth = Math.floor(numLayers / 8);
  return layer < eighth || layer >= Math.floor((7 * numLayers) / 8) || (layer - eighth) % 3 === 2;
}

/** The type that llama.cpp gives a matrix in a file of `Q4_K_M` or `Q8_0`; rows of no whole blocks of 256 get another. */
function typeOf(name: string, numColumns: number, quantization: string, numLayers: number): GgmlQuant {
  if (quantization === 'Q8_0') return 'Q8_0';
  const [, layer] = /^layers\.(\d+)\./.exec(name) ?? [];
  const isFavoured = /(?:v|down)_proj/.test(name) && hasMoreBits(Number(layer), numLayers);
  const isWhole = numColumns % 256 === 0;
  if (layer === undefined || isFavoured) return isWhole ? 'Q6_K' : 'Q8_0';
  if (name.includes('qkv_proj')) return isWhole ? 'Q5_K' : 'Q5_1';
  return isWhole ? 'Q4_K' : 'Q5_0';
}

/** The formats of a GGUF file's matrices on the GPU, and about how many bytes the file has. */
export function quantized(
  config: ModelConfig,
  quantization: string,
): { readonly formats: MatrixFormats; readonly fileBytes: number } {
  const plan = planTensors(config);
  const typeOfTensor = (name: string) =>
    typeOf(name, plan.get(name)!.shape[1]!, quantization, config.numLayers);
  let fileBytes = 0;
  for (const { name, shape, target } of plan.values()) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (target.kind === 'matrix') {
      fileBytes += (count / shape.at(-1)!) * ggmlRowBytes(typeOfTensor(name), shape.at(-1)!);
    } else fileBytes += 4 * count;
  }
  return { formats: fileFormats(plan, (name) => ggmlFormats[typeOfTensor(name)]), fileBytes };
}
