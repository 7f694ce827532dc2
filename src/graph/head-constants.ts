/** What kernels are told of a model's heads: one place, so that what is compiled ahead is what is used. Pure. */
import type { ModelConfig } from '../config/model-config';

type HeadConfig = Pick<ModelConfig, 'headDim' | 'numHeads' | 'numKvHeads'>;

/** Sizes of a head and of the query heads that share a KV head. */
export function headConstants({ headDim, numHeads, numKvHeads }: HeadConfig) {
  return { HEAD_DIM: headDim, GROUP: numHeads / numKvHeads };
}

/** Those of kernels that attend. Scores are in log2 units there. */
export function attentionConstants(config: ModelConfig) {
  return { ...headConstants(config), SOFT_CAP: (config.attentionSoftCap ?? 0) * Math.LOG2E };
}

/** Those of kernels that turn queries and keys. */
export function appendConstants(config: ModelConfig) {
  const { rate: GROWTH = 0, span: SPAN = 1 } = config.queryGrowth ?? {};
  const QK_NORM = ['heads', 'heads-after-rope'].indexOf(config.qkNorm) + 1;
  return { ...headConstants(config), QK_NORM, GROWTH, SPAN };
}
