/** Where the rows of every tensor of a model's files go. Pure: names and shapes in, destinations out. */
import { EngineError } from '../util/errors';
import { quote } from '../util/config-fields';
import type { ModelConfig } from '../config/model-config';
import { isGgmlType, type GgmlType } from '../source/gguf/ggml-types';
import type { MlxPart } from './mlx-groups';
import { corrupt, type TensorHeader } from './safetensors';
import type { LayerMatrix, LayerVector, ModelMatrix } from './weight-parts';

/** A matrix or vector of the model; `layerIndex` is missing for those outside the layers. */
export type Target =
  | { readonly kind: 'matrix'; readonly layerIndex?: undefined; readonly part: ModelMatrix }
  | { readonly kind: 'matrix'; readonly layerIndex: number; readonly part: LayerMatrix }
  | (VectorChange & {
      readonly kind: 'vector';
      readonly layerIndex?: undefined;
      readonly part: 'finalNorm' | 'headBias';
    })
  | (VectorChange & { readonly kind: 'vector'; readonly layerIndex: number; readonly part: LayerVector });

/** What becomes of a vector's values `v` on the way: `(v + offset) · scale`. */
interface VectorChange {
  readonly offset?: number;
  readonly scale?: number;
}

/** Rows (or elements of a vector) of a tensor: source row `i` goes to target row `firstTargetRow + i * rowStep`. */
export interface RowRun {
  readonly numRows: number;
  readonly firstTargetRow: number;
  readonly rowStep: 1 | 2;
}

/** What becomes of one tensor; its runs follow one another and cover its rows. */
export interface TensorPlacement {
  /** Without the prefix `model.`, which some files leave out. */
  readonly name: string;
  /** `[rows, columns]` or `[length]` */
  readonly shape: readonly number[];
  readonly target: Target;
  readonly runs: readonly RowRun[];
}

/** Every tensor that a model needs, by name without the prefix `model.`. */
export type TensorPlan = ReadonlyMap<string, TensorPlacement>;

/** All tensors of a model of this configuration and where their rows go. */
export function planTensors(config: ModelConfig): TensorPlan {
  const { vocabSize, hiddenSize, numLayers } = config;
  const placements: TensorPlacement[] = [
    whole('embed_tokens.weight', [vocabSize, hiddenSize], { kind: 'matrix', part: 'embedding' }),
    ...norm(config, config.tensorNames?.norm ?? 'norm', {
      kind: 'vector',
      part: 'finalNorm',
      // The head is linear: what multiplies logits may as well multiply what it reads.
      ...normChange(config, config.logitScale),
    }),
  ];
  if (!config.isHeadTied) {
    placements.push(whole('lm_head.weight', [vocabSize, hiddenSize], { kind: 'matrix', part: 'head' }));
  }
  if (config.hasHeadBias)
    placements.push(whole('lm_head.bias', [vocabSize], { kind: 'vector', part: 'headBias' }));
  for (let layerIndex = 0; layerIndex < numLayers; layerIndex++)
    placements.push(...planLayer(config, layerIndex));
  return new Map(placements.map((placement) => [placement.name, placement]));
}

/** What becomes of a norm's weights. */
function normChange({ hasOffsetNorms }: ModelConfig, scale = 1): VectorChange {
  return { ...(hasOffsetNorms && { offset: 1 }), ...(scale !== 1 && { scale }) };
}

/** A norm's weights, and its biases behind them where it has some. */
function norm({ hiddenSize, isLayerNorm }: ModelConfig, name: string, target: Target): TensorPlacement[] {
  const weight = whole(`${name}.weight`, [hiddenSize], target);
  if (!isLayerNorm) return [weight];
  const runs = [{ numRows: hiddenSize, firstTargetRow: hiddenSize, rowStep: 1 as const }];
  return [weight, { ...weight, name: `${name}.bias`, runs }];
}

function whole(name: string, shape: readonly number[], target: Target): TensorPlacement {
  return { name, shape, target, runs: [{ numRows: shape[0]!, firstTargetRow: 0, rowStep: 1 }] };
}

function planLayer(config: ModelConfig, layerIndex: number): TensorPlacement[] {
  const { hiddenSize, intermediateSize, numHeads, numKvHeads, headDim } = config;
  const prefix = `layers.${layerIndex}`;
  const nameIn = (usual: string) => config.tensorNames?.[usual] ?? usual;
  const queryRows = numHeads * headDim;
  const kvRows = numKvHeads * headDim;
  const matrix = (part: LayerMatrix): Target => ({ kind: 'matrix', layerIndex, part });
  const vector = (part: LayerVector): Target => ({ kind: 'vector', layerIndex, part });
  const normTarget = (part: LayerVector): Target => ({
    ...normChange(config),
    kind: 'vector',
    layerIndex,
    part,
  });
  const { norms } = config;
  const normParts = [
    [norms.attention, 'attentionNorm'],
    [norms.attentionOutput, 'attentionOutputNorm'],
    [norms.mlp, 'mlpNorm'],
    [norms.mlpOutput, 'mlpOutputNorm'],
  ] as const;
  const placements = normParts.flatMap(([name, part]) =>
    name ? norm(config, `${prefix}.${name}`, normTarget(part)) : [],
  );
  /** A projection, with its bias where there is one; `bias` is undefined where the model has none. */
  const project = (
    name: string,
    numColumns: number,
    runs: readonly RowRun[],
    part: LayerMatrix,
    bias: LayerVector | false,
  ) => {
    const numRows = runs.reduce((total, run) => total + run.numRows, 0);
    const path = `${prefix}.${nameIn(name)}`;
    placements.push({ name: `${path}.weight`, shape: [numRows, numColumns], target: matrix(part), runs });
    if (bias) placements.push({ name: `${path}.bias`, shape: [numRows], target: vector(bias), runs });
  };
  const rowsAt = (firstTargetRow: number, numRows: number): RowRun => ({
    numRows,
    firstTargetRow,
    rowStep: 1,
  });
  const turned = (firstTargetRow: number, numRows: number): RowRun[] =>
    config.hasInterleavedRope
      ? halvedHeads(firstTargetRow, numRows, config)
      : [rowsAt(firstTargetRow, numRows)];
  const qkvRuns = [
    turned(0, queryRows),
    turned(queryRows, kvRows),
    [rowsAt(queryRows + kvRows, kvRows)],
  ] as const;
  const gateUpRuns = ([0, 1] as const).map((firstTargetRow): RowRun => ({
    numRows: intermediateSize,
    firstTargetRow,
    rowStep: 2,
  }));
  const qkvBias = config.hasQkvBias && 'qkvBias';
  const gateUpBias = config.hasMlpBias && 'gateUpBias';
  if (config.hasFusedQkv) {
    project('self_attn.qkv_proj', hiddenSize, qkvRuns.flat(), 'qkv', qkvBias);
  } else {
    for (const [i, name] of ['q_proj', 'k_proj', 'v_proj'].entries()) {
      project(`self_attn.${name}`, hiddenSize, qkvRuns[i]!, 'qkv', qkvBias);
    }
  }
  const { experts, isUngated } = config;
  if (experts) {
    const { count, intermediateSize: width, isStacked } = experts;
    const all = Array.from({ length: count }, (_, expert) => expert);
    const ofExperts = (
      name: string,
      numColumns: number,
      part: LayerMatrix,
      runOf: (expert: number) => RowRun,
    ) => {
      const path = (expert?: number) =>
        ['mlp.experts', expert, name].filter((p) => p !== undefined).join('.');
      if (isStacked) project(path(), numColumns, all.map(runOf), part, false);
      else for (const expert of all) project(path(expert), numColumns, [runOf(expert)], part, false);
    };
    project('mlp.gate', hiddenSize, [rowsAt(0, count)], 'router', false);
    for (const [i, name] of ['gate_proj', 'up_proj'].entries())
      ofExperts(name, hiddenSize, 'gateUp', (expert) => ({
        numRows: width,
        firstTargetRow: 2 * width * expert + i,
        rowStep: 2,
      }));
    ofExperts('down_proj', width, 'down', (expert) => rowsAt(expert * hiddenSize, hiddenSize));
  } else if (isUngated) {
    project('mlp.up_proj', hiddenSize, [rowsAt(0, intermediateSize)], 'gateUp', gateUpBias);
  } else if (config.hasFusedGateUp) {
    project('mlp.gate_up_proj', hiddenSize, gateUpRuns, 'gateUp', gateUpBias);
  } else {
    for (const [i, name] of ['gate_proj', 'up_proj'].entries()) {
      project(`mlp.${name}`, hiddenSize, [gateUpRuns[i]!], 'gateUp', gateUpBias);
    }
  }
  const hiddenRuns = [rowsAt(0, hiddenSize)];
  project('self_attn.o_proj', queryRows, hiddenRuns, 'output', config.hasOutputBias && 'outputBias');
  if (!experts)
    project('mlp.down_proj', intermediateSize, hiddenRuns, 'down', config.hasMlpBias && 'downBias');
  if (config.qkNorm !== 'none') {
    const widths = config.qkNorm === 'all' ? [queryRows, kvRows] : [headDim, headDim];
    for (const [i, name] of ['q_norm', 'k_norm'].entries()) {
      placements.push({
        name: `${prefix}.${nameIn(`self_attn.${name}`)}.weight`,
        shape: [widths[i]!],
        target: normTarget('qkNorm'),
        runs: [rowsAt(i * widths[0]!, widths[i]!)],
      });
    }
  }
  return placements;
}

/** Rows of heads whose channels are turned side by side, each pair's first channel to a head's first half. */
function halvedHeads(firstTargetRow: number, numRows: number, { headDim, rope }: ModelConfig): RowRun[] {
  const { rotaryDim } = rope;
  const runs: RowRun[] = [];
  for (let head = firstTargetRow; head < firstTargetRow + numRows; head += headDim) {
    for (let channel = 0; channel < rotaryDim; channel++) {
      const target = head + (channel % 2) * (rotaryDim / 2) + Math.floor(channel / 2);
      runs.push({ numRows: 1, firstTargetRow: target, rowStep: 1 });
    }
    if (rotaryDim < headDim)
      runs.push({ numRows: headDim - rotaryDim, firstTargetRow: head + rotaryDim, rowStep: 1 });
  }
  return runs;
}

/** The name under which a tensor is planned. */
export function planName(tensorName: string): string {
  return tensorName.replace(textPrefix, '');
}

/** What stands before the names of a language model's tensors: alone, or as a part of a model that sees. */
const textPrefix =
  /^(?:model\.language_model\.model\.|model\.language_model\.|language_model\.model\.|language_model\.|model\.)/;

/** Tensors that a model of the planned kind does not have, and whose presence means that it computes something else. */
const foreignTensors =
  /\.(experts\.|block_sparse_moe\.|mlp\.gate\.weight|[qkvo]_proj\.bias|(gate|up|down)_proj\.bias|qkv_proj\.bias|gate_up_proj\.bias|[qk]_norm\.|sinks|qweight|qzeros|scales|weight_scale|weight_scale_inv|lora_[AB]\.|(pre|post)_feedforward_layernorm\.)/;

/** Tensors of ways to quantise that this engine does not read: GPTQ, AWQ, FP8, bitsandbytes. */
const quantisedTensors = /\.(qweight|qzeros|scales|weight_scale|weight_scale_inv|g_idx|absmax|quant_map)$/;

/** A tensor of a file and what becomes of it; undefined: its bytes are skipped. */
export interface PlannedTensor {
  readonly header: TensorHeader;
  readonly placement: TensorPlacement | undefined;
  /** Where it is one of the three tensors of a matrix that MLX has quantised. */
  readonly mlx?: MlxPart;
}

/**
 * Holds a tensor of a file against the plan.
 * @param seen planned names of tensors that came before; this one's is added
 * @throws EngineError `weights-corrupt` naming a tensor of the wrong shape or one that comes twice; `model-unsupported` for
 * an element type that cannot be loaded, or a tensor that means an architecture other than the configuration's
 */
export function matchTensor(
  plan: TensorPlan,
  header: TensorHeader,
  file: string,
  seen: Set<string>,
): PlannedTensor {
  const placement = plan.get(planName(header.name));
  if (!placement) {
    // A vision tower has layers of its own under the same names.
    const isOther = /vision|visual|audio|projector/.test(header.name);
    const layer = isOther ? null : /^layers\.(\d+)\./.exec(planName(header.name));
    if (
      layer &&
      [...plan.keys()].some((name) => name.startsWith(`layers.${Number(layer[1])}.`)) &&
      foreignTensors.test(header.name)
    ) {
      throw new EngineError(
        'model-unsupported',
        quantisedTensors.test(header.name)
          ? `The weight file '${file}' is quantised in a way that this engine does not read (it has '${header.name}'); ` +
              'a GGUF file or an MLX repository of the same model loads.'
          : `The weight file '${file}' has the tensor '${header.name}', for which the model's configuration has no use.`,
      );
    }
    return { header, placement };
  }
  const { name, shape } = placement;
  if (seen.has(name)) throw corrupt(file, `it has the tensor '${name}' twice`);
  seen.add(name);
  if (header.shape.length !== shape.length || header.shape.some((size, i) => size !== shape[i])) {
    throw corrupt(
      file,
      `tensor '${header.name}' has the shape ${quote(header.shape)}, the configuration needs ${quote(shape)}`,
    );
  }
  if (!isGgmlType(header.elementType)) {
    throw new EngineError(
      'model-unsupported',
      `Tensor '${header.name}' of '${file}' has the dtype ${header.elementType}; this engine loads F32, F16 and BF16.`,
    );
  }
  return { header, placement };
}

/** The element type of a tensor that `matchTensor` has placed. */
export function loadableType({ elementType }: TensorHeader): GgmlType {
  return elementType as GgmlType;
}

/** @throws EngineError `weights-corrupt`, `model-unsupported` for a head, naming the first of the `needed` tensors that is not among the `found` */
export function requireTensors(needed: Iterable<string>, found: ReadonlySet<string>, file: string): void {
  for (const name of needed) {
    if (found.has(name)) continue;
    if (name !== 'lm_head.weight') throw corrupt(file, `the tensor '${name}' is missing`);
    throw new EngineError(
      'model-unsupported',
      `The weights have no 'lm_head.weight', and the configuration does not say that the embedding is the head: ` +
        'where it is, "tie_word_embeddings": true in config.json makes the model load.',
    );
  }
}
