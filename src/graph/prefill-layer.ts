/** One layer of a prefill as bound kernels: what `PrefillGraph` records. */
import type { GpuBuffer } from '../gpu/buffer';
import { elementOf } from '../kernels/attention/kv-format';
import { prefillAttention } from '../kernels/attention/prefill-attention';
import { ropeAppendTile } from '../kernels/cache/rope-append';
import { gatedActivation } from '../kernels/linear/gated-activation';
import { activationCodes } from '../kernels/linear/matvec-gated';
import { rmsNorm } from '../kernels/norm/rms-norm';
import { qkvWidth } from './activations';
import type { GraphContext } from './graph-context';
import { appendConstants, attentionConstants } from './head-constants';
import { bindHeadNorms } from './head-norms';
import { bindMatmul } from './linear';
import { bindPrefillSelection } from './selection';
import { compileSummaries } from './tile-summaries';
import { TileTraffic } from './tile-traffic';
import { hasOtherLayers } from '../config/model-extras';
import { fetched } from '../util/fetched';
import type { LayerWeights } from '../weights/weights';

/** Kernels of all layers. */
export type PrefillKernels = Awaited<ReturnType<typeof compilePrefillKernels>>;
/** A layer that is ready to be recorded. */
export type PrefillLayer = Awaited<ReturnType<typeof bindPrefillLayer>>;

/** Compiles what all layers share. */
export async function compilePrefillKernels({ compiler, config, cache, activations }: GraphContext) {
  const { headDim, activation } = config;
  const element = elementOf(cache.shape.format);
  const { norms } = config;
  const [norm, addNorm, append, attend, bindSummaries, activate] = await Promise.all([
    compiler.compile(rmsNorm),
    norms.attentionOutput || norms.mlpOutput ? compiler.compile(rmsNorm, { RESIDUAL: 1 }) : undefined,
    compiler.compile(ropeAppendTile(element), appendConstants(config)),
    compiler.compile(prefillAttention(element, headDim), attentionConstants(config)),
    compileSummaries(compiler, cache),
    compiler.compile(gatedActivation, { ACTIVATION: activationCodes[activation] }),
  ]);
  const { chunkGateUp, chunkInner } = activations;
  return {
    norm,
    addNorm,
    append,
    attend,
    bindSummaries,
    activation: activate.bind({ z: chunkGateUp, y: chunkInner }),
  };
}

/**
 * Binds one layer's kernels to its weights, its pools and the activations of a segment.
 * @param tilePages pages of a tile
 * @param isFollowUpSparse whether it may select among earlier pages
 */
export async function bindPrefillLayer(
  context: GraphContext,
  kernels: PrefillKernels,
  layer: LayerWeights,
  index: number,
  { tilePages, isFollowUpSparse }: { readonly tilePages: number; readonly isFollowUpSparse: boolean },
) {
  const { compiler, config, cache, host, activations, unused } = context;
  const { segmentHidden, segmentQkv: qkv, segmentAttended: attended, softmaxState } = activations;
  const { chunkNormed, chunkGateUp, chunkInner, ownTile, earlierTile0, earlierTile1 } = activations;
  const { ownPacked, earlierPacked0, earlierPacked1 } = activations;
  const { hiddenSize, intermediateSize } = config;
  const { usesRope, usesWindowRope, slidingWindow: window = 0 } = config.layers[index]!;
  const ropeTable = usesWindowRope ? context.windowRopeTable : context.ropeTable;
  const { attentionNorm, mlpNorm, attentionOutputNorm, mlpOutputNorm } = layer;
  const { qkvBias, outputBias } = layer;
  const [project, output, gateUp, down] = await Promise.all([
    bindMatmul(context, layer.qkv, {
      x: attentionNorm ? chunkNormed : segmentHidden,
      y: qkv,
      outputStride: qkvWidth(config),
      bias: qkvBias,
    }),
    bindMatmul(context, layer.output, {
      x: attended,
      y: attentionOutputNorm ? chunkNormed : segmentHidden,
      outputStride: hiddenSize,
      bias: outputBias,
      isResidual: !attentionOutputNorm,
    }),
    bindMatmul(context, layer.gateUp, {
      x: mlpNorm ? chunkNormed : segmentHidden,
      y: chunkGateUp,
      outputStride: 2 * intermediateSize,
    }),
    bindMatmul(context, layer.down, {
      x: chunkInner,
      y: mlpOutputNorm ? chunkNormed : segmentHidden,
      outputStride: hiddenSize,
      isResidual: !mlpOutputNorm,
    }),
  ]);
  // A chunk's rows: normed, and what they give before it is normed and added.
  const before = (weight: GpuBuffer | undefined) =>
    weight && kernels.norm.bind({ x: segmentHidden, weight, y: chunkNormed });
  const after = (weight: GpuBuffer | undefined) =>
    weight && kernels.addNorm?.bind({ x: chunkNormed, weight, y: segmentHidden });
  const bindTile = async ([tile, packed]: readonly [GpuBuffer, GpuBuffer]) => ({
    traffic: await TileTraffic.create(compiler, cache, host, index, tile, packed, tilePages),
    attend: kernels.attend.bind({ qkv, tile, attended, softmaxState }),
  });
  const pairs = [
    [ownTile, ownPacked],
    [earlierTile0, earlierPacked0],
    [earlierTile1, earlierPacked1],
  ] as const;
  const tiles = await Promise.all(pairs.map(bindTile));
  const other = hasOtherLayers(config)
    ? await (await fetched(import('./other-layers'))).bindOtherPrefill(context, layer)
    : undefined;
  return {
    index,
    window,
    other,
    rotaryDim: usesRope ? config.rope.rotaryDim : 0,
    attentionNorm: before(attentionNorm),
    attentionOutputNorm: after(attentionOutputNorm),
    mlpNorm: before(mlpNorm),
    mlpOutputNorm: after(mlpOutputNorm),
    project,
    normHeads: await bindHeadNorms(context, layer, qkv),
    append: kernels.append.bind({ qkv, ropeTable, qkNorm: layer.qkNorm ?? unused, tile: ownTile }),
    summarize: kernels.bindSummaries(index, ownTile, ownPacked, tilePages),
    ownTile: tiles[0]!,
    earlierTiles: tiles.slice(1),
    // A layer with a sliding window attends all of it, and so does a cache that keeps all pages.
    select:
      window === 0 && cache.hasStableHeads
        ? await bindPrefillSelection(context, index, isFollowUpSparse)
        : undefined,
    output,
    gateUp,
    down,
  };
}
