/**
 * Layers that are not the usual ones: with LayerNorm, with attention and feed-forward part side by side, without a gate, with biases
 * there, with experts.
 * Norms are dispatches of their own here, and so are activations.
 */
import type { GpuBuffer } from '../gpu/buffer';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { gatedActivation, gatedActivationGrid } from '../kernels/linear/gated-activation';
import { activationCodes } from '../kernels/linear/matvec-gated';
import { plainActivation } from '../kernels/linear/plain-activation';
import { layerNorm } from '../kernels/norm/layer-norm';
import { rmsNorm } from '../kernels/norm/rms-norm';
import type { LayerWeights } from '../weights/weights';
import { bindExperts } from './experts';
import type { BindProduct, FeedForwardBuffers, RowsOperation } from './feed-forward';
import type { GraphContext } from './graph-context';
import { bindHeadNorms } from './head-norms';
import { bindMatmul, bindMatvec } from './linear';
import type { Operation } from './linear-context';
import { qkvWidth } from './activations';

async function bindNorm(
  { compiler, config }: GraphContext,
  weight: GpuBuffer,
  x: GpuBuffer,
  y: GpuBuffer,
): Promise<RowsOperation> {
  const kernel = await (config.isLayerNorm ? compiler.compile(layerNorm) : compiler.compile(rmsNorm));
  const bound = kernel.bind({ x, weight, y });
  const shared = { width: config.hiddenSize, epsilon: config.normEpsilon, outputRow: 0 };
  return (recorder, { firstRow, numRows: rows }) =>
    recorder.dispatch(bound, { ...shared, rows, inputRow: firstRow }, flatGrid(rows));
}

async function bindFeedForward(
  context: GraphContext,
  layer: LayerWeights,
  product: BindProduct,
  { x, z, inner, y }: FeedForwardBuffers,
): Promise<RowsOperation> {
  const { compiler, config } = context;
  const { hiddenSize, intermediateSize: width, activation, isUngated } = config;
  const kernel = await compiler.compile(isUngated ? plainActivation : gatedActivation, {
    ACTIVATION: activationCodes[activation],
  });
  const activate = kernel.bind({ z, y: inner });
  const record: RowsOperation = (recorder, { numRows: rows }) =>
    recorder.dispatch(activate, { rows, width }, gatedActivationGrid(rows, width));
  if (layer.router) return bindExperts(context, layer, product, { x, z, inner, y, activate: record });
  const [up, down] = await Promise.all([
    product(layer.gateUp, {
      x,
      y: z,
      outputStride: isUngated ? width : 2 * width,
      bias: layer.gateUpBias,
    }),
    product(layer.down, { x: inner, y, outputStride: hiddenSize, isResidual: true, bias: layer.downBias }),
  ]);
  return (recorder, rows) => {
    for (const step of [up, record, down]) step(recorder, rows);
  };
}

/**
 * A layer of decode steps of `rows` rows.
 * @param attend what turns rows of `Activations.qkv` into rows of `attended`
 */
export async function bindOtherLayer<R>(
  context: GraphContext,
  layer: LayerWeights,
  rows: number,
  attend: (recorder: Recorder, decodeRows: R) => void,
): Promise<(recorder: Recorder, decodeRows: R) => void> {
  const { activations, config } = context;
  const { hidden: y, branch: x, qkv, attended, inner, chunkGateUp: z } = activations;
  const product: BindProduct = (matrix, operands) => bindMatvec(context, matrix, { ...operands, rows });
  const [normFirst, project, normHeads, output, normSecond, feedForward] = await Promise.all([
    bindNorm(context, layer.attentionNorm!, y, x),
    product(layer.qkv, { x, y: qkv, outputStride: qkvWidth(config), bias: layer.qkvBias }),
    bindHeadNorms(context, layer, qkv),
    product(layer.output, {
      x: attended,
      y,
      outputStride: config.hiddenSize,
      isResidual: true,
      bias: layer.outputBias,
    }),
    layer.mlpNorm && bindNorm(context, layer.mlpNorm, y, x),
    bindFeedForward(context, layer, product, { x, z, inner, y }),
  ]);
  const all = { firstRow: 0, numRows: rows };
  return (recorder, decodeRows) => {
    normFirst(recorder, all);
    project(recorder, all);
    normHeads?.(recorder, all);
    attend(recorder, decodeRows);
    output(recorder, all);
    // Without a norm of its own it reads what attention read.
    normSecond?.(recorder, all);
    feedForward(recorder, all);
  };
}

/** Final LayerNorm and head of decode steps. */
export async function bindOtherHead(context: GraphContext, rows: number): Promise<Operation> {
  const { weights, activations, config } = context;
  const { hidden, branch, logits } = activations;
  const [norm, multiply] = await Promise.all([
    bindNorm(context, weights.finalNorm, hidden, branch),
    bindMatvec(context, weights.head ?? weights.embedding, {
      x: branch,
      y: logits,
      outputStride: config.vocabSize,
      bias: weights.headBias,
      rows,
      isInFloats: true,
    }),
  ]);
  return (recorder) => {
    norm(recorder, { firstRow: 0, numRows: rows });
    multiply(recorder);
  };
}

/** What a prefill records in place of its own norms and feed-forward part. */
export async function bindOtherPrefill(context: GraphContext, layer: LayerWeights) {
  const {
    segmentHidden: y,
    segmentAttended,
    chunkNormed: x,
    chunkGateUp: z,
    chunkInner: inner,
  } = context.activations;
  const product: BindProduct = async (matrix, operands) => {
    const multiply = await bindMatmul(context, matrix, operands);
    const isStream = operands.y === y;
    return (recorder, { firstRow, numRows }) =>
      multiply(recorder, { numRows, firstInputRow: 0, firstOutputRow: isStream ? firstRow : 0 });
  };
  const [normFirst, normSecond, output, feedForward] = await Promise.all([
    bindNorm(context, layer.attentionNorm!, y, x),
    bindNorm(context, layer.mlpNorm ?? layer.attentionNorm!, y, x),
    bindMatmul(context, layer.output, {
      x: segmentAttended,
      y,
      outputStride: context.config.hiddenSize,
      isResidual: true,
      bias: layer.outputBias,
    }),
    bindFeedForward(context, layer, product, { x, z, inner, y }),
  ]);
  return {
    norm: normFirst,
    /** The output projection of attention, and the feed-forward part. */
    feedForward: ((recorder, rows) => {
      const { firstRow, numRows } = rows;
      const addAttended = () =>
        output(recorder, { numRows, firstInputRow: firstRow, firstOutputRow: firstRow });
      // Side by side, both read the stream as it was before either is added.
      if (layer.mlpNorm) addAttended();
      normSecond(recorder, rows);
      if (!layer.mlpNorm) addAttended();
      feedForward(recorder, rows);
    }) satisfies RowsOperation,
  };
}
