/** Which formats a model's matrices get: what is asked for, else what its files have. */
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import { fetched } from '../util/fetched';
import { uniformFormats, type MatrixFormats } from './matrix-formats';
import { planTensors } from './tensor-plan';

/**
 * Reads the headers of quantised files; the bytes of their tensors are read once, by the load.
 * @param asked one format for all matrices, which are converted while they load
 * @throws EngineError `weights-corrupt`, `model-unsupported`, `network`; the signal's reason when aborted
 */
export async function chooseFormats(
  source: ModelSource,
  config: ModelConfig,
  asked: WeightFormat | undefined,
  signal?: AbortSignal,
): Promise<MatrixFormats> {
  if (asked !== undefined) return uniformFormats(asked);
  const plan = planTensors(config);
  if (source.gguf) return (await fetched(import('./gguf-tensors'))).ggufFormats(source.gguf, plan);
  if (!config.quantization) return uniformFormats('f16');
  return (await fetched(import('./mlx-formats'))).mlxFormats(source, config.quantization, plan, signal);
}
