/** Which kernels a model will use, as far as they take long to compile: all of them can be started before any is needed. */
import { hasRanges, numStableHeads, type CacheShape } from '../cache/cache-layout';
import type { DeviceFeature } from '../gpu/device';
import type { KernelSpec } from '../gpu/kernel';
import { elementOf } from '../kernels/attention/kv-format';
import { prefillAttention } from '../kernels/attention/prefill-attention';
import { sparseDecode } from '../kernels/attention/sparse-decode';
import { ropeAppend, ropeAppendTile } from '../kernels/cache/rope-append';
import type { MatrixFormat } from '../kernels/linear/matrix-format';
import { matmul } from '../kernels/linear/matmul';
import { matvec, matvecTuning } from '../kernels/linear/matvec';
import { activationCodes, matvecGated } from '../kernels/linear/matvec-gated';
import { sample, sampleConstants } from '../kernels/sampler/sample';
import { digestScore } from '../kernels/select/digest-score';
import { normalizeScores } from '../kernels/select/normalize-scores';
import { pageScore } from '../kernels/select/page-score';
import { selectPages } from '../kernels/select/select-pages';
import { topK } from '../kernels/select/top-k';
import type { MatrixFormats } from '../weights/matrix-formats';
import type { LayerMatrix } from '../weights/weight-parts';
import { hasOtherLayers } from '../config/model-extras';
import { qkvWidth } from './activations';
import { appendConstants, attentionConstants, headConstants } from './head-constants';
import type { ModelConfig } from '../config/model-config';

/** A kernel and the constants of one use of it. */
type KernelUse = readonly [spec: KernelSpec, constants: Readonly<Record<string, number>>];

/** Whether heads may have to choose among their pages. */
export function isSelecting(config: ModelConfig, cache: CacheShape): boolean {
  const isSparse = cache.pagesPerHead < cache.maxPages || numStableHeads(cache) > 0;
  return isSparse && config.layers.some(({ slidingWindow }) => slidingWindow === undefined);
}

/** The kernels of prefill and of decoding one row that take a software adapter 0.1 s or more each, slowest first. */
export function slowKernels(
  config: ModelConfig,
  formats: MatrixFormats,
  cache: CacheShape,
  features: ReadonlySet<DeviceFeature>,
): KernelUse[] {
  const { headDim, vocabSize, hiddenSize } = config;
  const { format: kv } = cache;
  const element = elementOf(kv);
  const heads = headConstants(config);
  const attending = attentionConstants(config);
  const appending = appendConstants(config);
  /** Of a matrix's first rows: those of most layers are alike. */
  const headFormat = formats.runsOf(config.isHeadTied ? 'embedding' : 'head', undefined, vocabSize)[0]!
    .format;
  const formatOf = (part: LayerMatrix, numRows: number) => formats.runsOf(part, 0, numRows)[0]!.format;
  const gateUpFormat = formatOf('gateUp', 2 * config.intermediateSize);
  const product = (
    format: MatrixFormat,
    numRows: number,
    NORM: number,
    hasBias: boolean,
    RESIDUAL: number,
  ): KernelUse => [
    matvec(format),
    {
      NORM,
      BIAS: Number(hasBias),
      RESIDUAL,
      ...matvecTuning({ format, numRows, rows: 1, isGated: false }, features),
    },
  ];
  // Layers that are not the usual ones have other products.
  const usual = (use: KernelUse) => (hasOtherLayers(config) ? [] : [use]);
  return [
    [sample, sampleConstants(vocabSize, features)],
    [prefillAttention(element, headDim), attending],
    ...usual([matmul(gateUpFormat), {}]),
    [sparseDecode(kv), attending],
    ...usual(product(headFormat, vocabSize, 1, false, 0)),
    ...usual(
      product(
        formatOf('qkv', qkvWidth(config)),
        qkvWidth(config),
        Number(!!config.norms.attention),
        config.hasQkvBias,
        0,
      ),
    ),
    ...usual([
      matvecGated(gateUpFormat),
      {
        NORM: Number(!!config.norms.mlp),
        ACTIVATION: activationCodes[config.activation],
        ...matvecTuning(
          { format: gateUpFormat, numRows: 2 * config.intermediateSize, rows: 1, isGated: true },
          features,
        ),
      },
    ]),
    ...(isSelecting(config, cache)
      ? ([
          ...(cache.selection === 'digest'
            ? [[digestScore, heads] as const, [normalizeScores, { GROUP: heads.GROUP }] as const]
            : [[pageScore(element), heads] as const]),
          ...(cache.selection === 'minmax' && features.has('fused-selection')
            ? [[selectPages(element), heads] as const]
            : []),
          [topK(cache.maxPages), {}],
        ] as const)
      : []),
    ...[...new Set(config.layers.map((_, layer) => hasRanges(cache, layer)))].map((hasSummary): KernelUse => [
      ropeAppend(kv),
      { ...appending, SUMMARY: Number(hasSummary) },
    ]),
    product(
      formatOf('output', hiddenSize),
      hiddenSize,
      0,
      config.hasOutputBias,
      Number(!config.norms.attentionOutput),
    ),
    ...usual(product(formatOf('down', hiddenSize), hiddenSize, 0, false, Number(!config.norms.mlpOutput))),
    [ropeAppendTile(element), appending],
  ];
}
