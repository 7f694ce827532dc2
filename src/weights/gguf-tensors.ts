/** The tensors of GGUF files under the names that a plan has for them. Pure: names and headers in, headers out. */
import type { MatrixFormat } from '../kernels/linear/weight-format';
import type { GgufTensor } from '../source/gguf/gguf-header';
import type { GgufFiles } from '../source/model-source';
import { ggmlFormats } from './ggml-rows';
import type { WeightFile } from './load-progress';
import { fileFormats, type MatrixFormats } from './matrix-formats';
import { isFloatType, type TensorHeader } from './safetensors';
import { requireTensors, type TensorPlan } from './tensor-plan';

/** Tensors outside the layers (`gguf-py/gguf/constants.py` of github.com/ggml-org/llama.cpp). */
const modelNames: Readonly<Record<string, string>> = {
  token_embd: 'embed_tokens',
  output_norm: 'norm',
  output: 'lm_head',
};

/** Parts of a layer. */
const layerNames: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_qkv: 'self_attn.qkv_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'post_attention_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
  ffn_gate_inp: 'mlp.gate',
  ffn_gate_exps: 'mlp.experts.gate_proj',
  ffn_up_exps: 'mlp.experts.up_proj',
  ffn_down_exps: 'mlp.experts.down_proj',
};

/** Where an architecture's files name a part otherwise. */
const otherNames: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  phi3: { ffn_up: 'mlp.gate_up_proj' },
  gemma2: { ffn_norm: 'pre_feedforward_layernorm' },
  gemma3: { ffn_norm: 'pre_feedforward_layernorm' },
  phi2: {
    output_norm: 'final_layernorm',
    attn_output: 'self_attn.dense',
    ffn_up: 'mlp.fc1',
    ffn_down: 'mlp.fc2',
  },
  'hunyuan-dense': {
    attn_q_norm: 'self_attn.query_layernorm',
    attn_k_norm: 'self_attn.key_layernorm',
  },
  glm4: {
    ffn_up: 'mlp.gate_up_proj',
    post_attention_norm: 'post_self_attn_layernorm',
    post_ffw_norm: 'post_mlp_layernorm',
  },
};

/** Architectures whose files have the rows of each query and key head interleaved for llama.cpp's RoPE. */
const interleaved: ReadonlySet<string> = new Set(['llama', 'smollm3', 'granite', 'mistral3', 'arcee']);

/** The name of a GGUF tensor in Hugging Face's layout, without the prefix `model.`; what is not known keeps its own. */
function plannedTensorName(architecture: string, name: string): string {
  const [, layer, part = '', kind = ''] = /^(?:blk\.(\d+)\.)?([\w-]+)\.(weight|bias)$/.exec(name) ?? [];
  const other = otherNames[architecture]?.[part];
  if (layer === undefined) {
    const known = other ?? modelNames[part];
    return known ? `${known}.${kind}` : name;
  }
  const known = other ?? layerNames[part];
  return `layers.${layer}.${known ?? part}.${kind}`;
}

/** The weight files with their tensors under planned names. @throws EngineError `weights-corrupt` when one is missing */
export function ggufWeightFiles(gguf: GgufFiles, plan: TensorPlan): WeightFile[] {
  const files = gguf.files.map(({ name, tensors, dataBytes }): WeightFile => {
    const headers = tensors.map((tensor) => headerOf(gguf, tensor, dataBytes));
    const planned = headers.map((header) => header.name).filter((tensor) => plan.has(tensor));
    return { name, tensors: planned, headers, dataBytes };
  });
  requireTensors(plan.keys(), new Set(files.flatMap(({ tensors }) => tensors)), files[0]!.name);
  return files.filter(({ tensors }) => tensors.length > 0);
}

function headerOf(
  { architecture, heads }: GgufFiles,
  { name, type, shape, offsetBytes, sizeBytes }: GgufTensor,
  dataBytes: number,
): TensorHeader {
  const planned = plannedTensorName(architecture, name);
  const [, part] = /\.self_attn\.([qk])_proj\.(?:weight|bias)$/.exec(planned) ?? [];
  const numHeads = part === 'q' ? heads.numHeads : heads.numKvHeads;
  const isInterleaved = part !== undefined && interleaved.has(architecture);
  return {
    name: planned,
    elementType: type,
    // Matrices of experts are one after the other.
    shape: shape.length === 3 ? [shape[0]! * shape[1]!, shape[2]!] : shape,
    offsetBytes: offsetBytes - dataBytes,
    sizeBytes,
    ...(isInterleaved && { interleavedRows: shape[0]! / numHeads }),
  };
}

/** The formats in which the files' matrices are kept: as they are where they are quantised, else f16. */
export function ggufFormats({ architecture, files }: GgufFiles, plan: TensorPlan): MatrixFormats {
  const formats = new Map<string, MatrixFormat>(
    files.flatMap(({ tensors }) =>
      tensors.map(({ name, type }) => [
        plannedTensorName(architecture, name),
        isFloatType(type) ? 'f16' : ggmlFormats[type],
      ]),
    ),
  );
  return fileFormats(plan, (name) => formats.get(name));
}
