/** What differs from layer to layer: RoPE or none, and the window of tokens that a layer attends. */
import type { Architecture } from './architectures';
import type { ConfigFields } from '../util/config-fields';

/** One layer's differences. */
export interface LayerConfig {
  /** Without it the layer's queries and keys are not rotated (NoPE). */
  readonly usesRope: boolean;
  /** Tokens that a query attends at most, itself included; undefined: all earlier ones. */
  readonly slidingWindow: number | undefined;
  /** Its RoPE is `ModelConfig.windowRope`. */
  readonly usesWindowRope: boolean;
}

/**
 * One entry per layer.
 * @throws EngineError `model-unsupported` naming the field
 */
export function parseLayers(
  fields: ConfigFields,
  architecture: Architecture,
  numLayers: number,
): readonly LayerConfig[] {
  const noLayer = { min: 1, max: 2 ** 20 };
  const ropeFlags = parseRopeFlags(fields, architecture, numLayers);
  const window = parseWindow(fields, architecture);
  const firstWindowLayer = fields.integer('max_window_layers', { min: 0, max: 2 ** 20 }, 28);
  const isByPattern = architecture.windowRule === 'pattern';
  // A pattern in letters, as EXAONE's LLLG, has one layer without a window, at its end.
  const letters = isByPattern ? fields.get('sliding_window_pattern') : undefined;
  const pattern =
    typeof letters === 'string' && /^L+G$/.test(letters)
      ? letters.length
      : fields.integer('sliding_window_pattern', noLayer, architecture.defaults.slidingWindowPattern ?? 1);
  const byRule = ropeFlags.map((usesRope, layerIndex) => {
    switch (architecture.windowRule) {
      case 'never':
        return false;
      case 'every-layer':
        return window !== undefined;
      case 'upper-layers':
        return window !== undefined && layerIndex >= firstWindowLayer;
      case 'layers-without-rope':
        return window !== undefined && !usesRope;
      case 'pattern':
        return window !== undefined && (layerIndex + 1) % pattern !== 0;
    }
  });
  const named = parseLayerTypes(fields, numLayers);
  const namesCount = ['upper-layers', 'layers-without-rope', 'pattern'].includes(architecture.windowRule);
  if (named && namesCount && window === undefined && named.includes(true)) {
    throw fields.refuse('layer_types', 'it names sliding layers, but no sliding window is in use');
  }
  if (named && !namesCount && named.some((isSliding, layerIndex) => isSliding !== byRule[layerIndex])) {
    throw fields.refuse('layer_types', `'${architecture.modelType}' models do not choose windows by layer`);
  }
  const isSliding = named && namesCount ? named : byRule;
  const hasWindows = isSliding.includes(true);
  return ropeFlags.map((usesRope, layerIndex) => ({
    usesRope: architecture.isRopeOnlyInWindows && hasWindows ? isSliding[layerIndex]! : usesRope,
    slidingWindow: isSliding[layerIndex] ? window : undefined,
    usesWindowRope: isSliding[layerIndex]! && architecture.windowRope !== 'same',
  }));
}

/** `no_rope_layers[i]` is 1 where layer `i` does use RoPE; without the list every n-th layer goes without. */
function parseRopeFlags(fields: ConfigFields, architecture: Architecture, numLayers: number): boolean[] {
  if (!architecture.hasLayersWithoutRope) return new Array<boolean>(numLayers).fill(true);
  const flags = fields.array('no_rope_layers');
  if (!flags) {
    const interval = fields.integer('no_rope_layer_interval', { min: 1, max: 2 ** 20 }, 4);
    return Array.from({ length: numLayers }, (_, layerIndex) => (layerIndex + 1) % interval !== 0);
  }
  if (flags.length < numLayers) throw fields.refuse('no_rope_layers', `${numLayers} entries are needed`);
  return flags.slice(0, numLayers).map((flag) => {
    if (![0, 1, true, false].some((allowed) => flag === allowed)) {
      throw fields.refuse('no_rope_layers', 'each entry is 1 (RoPE) or 0 (none)');
    }
    return Boolean(flag);
  });
}

function parseWindow(fields: ConfigFields, { windowRule, defaults }: Architecture): number | undefined {
  if (windowRule === 'never') return undefined;
  const needsFlag = windowRule === 'upper-layers' || windowRule === 'layers-without-rope';
  if (needsFlag && !fields.boolean('use_sliding_window', false)) return undefined;
  const otherwise = fields.has('sliding_window') ? undefined : defaults.slidingWindow;
  if (fields.get('sliding_window') === undefined && otherwise === undefined) return undefined;
  return fields.integer('sliding_window', { min: 1, max: 2 ** 30 }, otherwise);
}

function parseLayerTypes(fields: ConfigFields, numLayers: number): boolean[] | undefined {
  const types = fields.array('layer_types');
  if (!types) return undefined;
  if (types.length < numLayers) throw fields.refuse('layer_types', `${numLayers} entries are needed`);
  return types.slice(0, numLayers).map((type) => {
    if (type !== 'full_attention' && type !== 'sliding_attention') {
      throw fields.refuse('layer_types', 'this engine has full_attention and sliding_attention');
    }
    return type === 'sliding_attention';
  });
}
