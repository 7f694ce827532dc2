/** Which RoPE a model uses, read from both styles of Hugging Face configuration; the frequencies are in `rope.ts`. */
import type { Architecture } from './architectures';
import { ConfigFields } from '../util/config-fields';
import type { JsonObject } from '../util/json';

/** How a model's frequencies were stretched for a longer context. */
export type RopeScaling =
  | { readonly type: 'none' }
  | { readonly type: 'linear'; readonly factor: number }
  | {
      readonly type: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Tokens of context that the model was first trained with. */
      readonly originalContext: number;
    }
  | {
      readonly type: 'yarn';
      readonly factor: number;
      readonly originalContext: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      /** Whether the borders of the ramp are rounded to whole dimensions. */
      readonly isTruncated: boolean;
      /** What cosine and sine are multiplied by. */
      readonly attentionFactor: number;
    }
  | {
      readonly type: 'longrope';
      readonly originalContext: number;
      /** `[rotaryDim / 2]`: what frequencies are divided by in contexts up to `originalContext`, and beyond it. */
      readonly shortFactors: readonly number[];
      readonly longFactors: readonly number[];
      readonly attentionFactor: number;
    };

/** The RoPE of a model; rotate-half: channel `i` pairs with `i + rotaryDim / 2`. */
export interface RopeConfig {
  readonly theta: number;
  /** Channels at the start of a head that are rotated: even, at most `headDim`. */
  readonly rotaryDim: number;
  readonly scaling: RopeScaling;
}

const anyFactor = { min: 1e-3, max: 1e6 };
const anyContext = { min: 1, max: 2 ** 30 };

/** The RoPE of a model's layers. */
interface LayerRopes {
  readonly rope: RopeConfig;
  /** That of layers with a window, where it is another one. */
  readonly windowRope: RopeConfig | undefined;
}

/**
 * Reads `rope_scaling` and `rope_theta` (transformers 4) or `rope_parameters` (transformers 5) with that library's
 * precedence: `rope_scaling`, then `rope_parameters`, then the fields beside them.
 * @throws EngineError `model-unsupported` naming the field
 */
export function parseRope(
  config: ConfigFields,
  architecture: Architecture,
  headDim: number,
  maxPositions: number,
): LayerRopes {
  const oldStyle = config.object('rope_scaling');
  const isOldStyle = oldStyle !== undefined && Object.keys(oldStyle).length > 0;
  const path = isOldStyle ? 'rope_scaling' : 'rope_parameters';
  const values: JsonObject = (isOldStyle ? oldStyle : config.object('rope_parameters')) ?? {};
  const given = new ConfigFields(values, `${path}.`);
  const byType = (name: string) => {
    const object = given.object(name);
    return object && new ConfigFields(object, `${path}.${name}.`);
  };
  const [ofFull, ofWindows] = [byType('full_attention'), byType('sliding_attention')];
  if (architecture.windowRope === 'same' && (ofFull || ofWindows)) {
    throw given.refuse(
      ofFull ? 'full_attention' : 'sliding_attention',
      `'${architecture.modelType}' models have one RoPE for all layers`,
    );
  }
  const fields = ofFull ?? given;
  const { rotaryDim, isWhole } = parseRotaryDim(fields, config, architecture, headDim);
  const scaling = parseScaling({ rope: fields, config, architecture, maxPositions, rotaryDim });
  // Unscaled, the classes of transformers that do not know the field rotate whole heads; scaled, they fail.
  if (isWhole && rotaryDim !== headDim && scaling.type !== 'none') {
    throw config.refuse('partial_rotary_factor', `'${architecture.modelType}' models rotate whole heads`);
  }
  const theta = (of: ConfigFields, name: string, otherwise: number) =>
    (of.get('rope_theta') === undefined ? config : of).number(
      of.get('rope_theta') === undefined ? name : 'rope_theta',
      { min: 1, max: 1e12 },
      otherwise,
    );
  // HunYuan's `dynamic` is a base that was stretched for good (NTK-aware RoPE).
  const alpha = fields.number('alpha', anyFactor, 1) ** (headDim / (headDim - 2));
  const rope: RopeConfig = {
    theta: alpha * theta(fields, 'rope_theta', architecture.defaults.ropeTheta),
    rotaryDim: isWhole ? headDim : rotaryDim,
    scaling,
  };
  if (architecture.windowRope === 'same') return { rope, windowRope: undefined };
  const none = new ConfigFields({});
  const own = ofWindows ?? none;
  const ownScaling = parseScaling({ rope: own, config: none, architecture, maxPositions, rotaryDim });
  const isLocal = architecture.windowRope === 'local-base';
  const ownTheta = isLocal
    ? theta(own, 'rope_local_base_freq', architecture.defaults.localRopeTheta ?? rope.theta)
    : theta(own, 'rope_theta', rope.theta);
  return { rope, windowRope: { ...rope, theta: ownTheta, scaling: ownScaling } };
}

function parseRotaryDim(
  rope: ConfigFields,
  config: ConfigFields,
  { hasPartialRope, defaults }: Architecture,
  headDim: number,
): { rotaryDim: number; isWhole: boolean } {
  const partial = rope.has('partial_rotary_factor') ? rope : config;
  const otherwise = defaults.partialRotaryFactor ?? 1;
  const factor = partial.number('partial_rotary_factor', { min: 0, max: 1 }, otherwise);
  const rotaryDim = Math.trunc(headDim * factor);
  if (rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw partial.refuse('partial_rotary_factor', `it rotates ${rotaryDim} of ${headDim} channels`);
  }
  return { rotaryDim, isWhole: !hasPartialRope };
}

interface ScalingInput {
  readonly rope: ConfigFields;
  readonly config: ConfigFields;
  readonly architecture: Architecture;
  readonly maxPositions: number;
  readonly rotaryDim: number;
}

function parseScaling({ rope, config, architecture, maxPositions, rotaryDim }: ScalingInput): RopeScaling {
  const typeField = rope.get('rope_type') === undefined ? 'type' : 'rope_type';
  const written = rope.string(typeField, 'default');
  const isOldLongRope = written === 'su' || written === 'yarn';
  const type = isOldLongRope && architecture.ropeTypes.includes('longrope') ? 'longrope' : written;
  if (type === 'default') return { type: 'none' };
  if (!architecture.ropeTypes.some((name) => name === type)) {
    throw rope.refuse(
      typeField,
      `'${architecture.modelType}' models run here with default, ${architecture.ropeTypes.join(', ')}`,
    );
  }
  // Frequencies change only beyond the context that the model was trained with, where this engine does not go.
  if (type === 'dynamic' || type === 'mrope') return { type: 'none' };
  if (type === 'longrope') return parseLongRope(rope, config, maxPositions, rotaryDim);
  if (type === 'linear') return { type, factor: rope.number('factor', anyFactor) };
  // Where both are given, the field beside the RoPE object counts, as in transformers.
  const context = config.get('original_max_position_embeddings') === undefined ? rope : config;
  const originalContext = context.integer('original_max_position_embeddings', anyContext, maxPositions);
  if (type === 'llama3') {
    const lowFrequencyFactor = rope.number('low_freq_factor', anyFactor);
    const highFrequencyFactor = rope.number('high_freq_factor', anyFactor);
    if (highFrequencyFactor <= lowFrequencyFactor) {
      throw rope.refuse('high_freq_factor', `it must be above low_freq_factor = ${lowFrequencyFactor}`);
    }
    return {
      type,
      factor: rope.number('factor', anyFactor),
      lowFrequencyFactor,
      highFrequencyFactor,
      originalContext,
    };
  }
  const factor = rope.number('factor', anyFactor, maxPositions / originalContext);
  return {
    type: 'yarn',
    factor,
    originalContext,
    betaFast: rope.number('beta_fast', { min: 0, max: 1e6 }, 0) || 32,
    betaSlow: rope.number('beta_slow', { min: 0, max: 1e6 }, 0) || 1,
    isTruncated: rope.boolean('truncate', true),
    attentionFactor: rope.number('attention_factor', anyFactor, yarnAttentionFactor(rope, factor)),
  };
}

/** LongRoPE (Ding et al. 2024, arXiv 2402.13753): a factor for each frequency, with transformers' attention factor. */
function parseLongRope(
  rope: ConfigFields,
  config: ConfigFields,
  maxPositions: number,
  rotaryDim: number,
): RopeScaling {
  const context = config.get('original_max_position_embeddings') === undefined ? rope : config;
  const originalContext = context.integer('original_max_position_embeddings', anyContext, maxPositions);
  const factors = (name: string): readonly number[] => {
    const list = rope.array(name) ?? [];
    if (list.length !== rotaryDim / 2) throw rope.refuse(name, `${rotaryDim / 2} factors are needed`);
    return list.map((factor) => {
      if (typeof factor !== 'number' || !(factor > 0)) throw rope.refuse(name, 'factors are above zero');
      return factor;
    });
  };
  const stretch = maxPositions / originalContext;
  const temperature = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(originalContext));
  return {
    type: 'longrope',
    originalContext,
    shortFactors: factors('short_factor'),
    longFactors: factors('long_factor'),
    attentionFactor: rope.number('attention_factor', anyFactor, temperature),
  };
}

/** YaRN's softmax temperature folded into q and k (Peng et al. 2023, arXiv 2309.00071, section 3.4). */
function yarnAttentionFactor(rope: ConfigFields, factor: number): number {
  const magnitude = (mscale: number) => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);
  const mscale = rope.number('mscale', { min: 0, max: 1e3 }, 0);
  const mscaleAllDim = rope.number('mscale_all_dim', { min: 0, max: 1e3 }, 0);
  return mscale && mscaleAllDim ? magnitude(mscale) / magnitude(mscaleAllDim) : magnitude(1);
}
