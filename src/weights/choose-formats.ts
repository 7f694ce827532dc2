/** Which formats a model's matrices get: what is asked for, else what its files have. */
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { MatrixFormat } from '../kernels/linear/matrix-format';
import type { ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import { fetched } from '../util/fetched';
import { fileFormats, uniformFormats, type MatrixFormats } from './matrix-formats';
import { groupsOf, mlxFormat } from './mlx-groups';
import { isFloatType } from './safetensors';
import { planName, planTensors, type TensorPlan } from './tensor-plan';
import { findWeightFiles, readFileHeader, usualHeadBytes } from './weight-files';

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
  return config.quantization ? mlxFormats(source, config, plan, signal) : uniformFormats('f16');
}

async function mlxFormats(
  source: ModelSource,
  { quantization }: ModelConfig,
  plan: TensorPlan,
  signal: AbortSignal | undefined,
): Promise<MatrixFormats> {
  const formats = new Map<string, MatrixFormat>();
  for (const file of await findWeightFiles(source, plan, signal, usualHeadBytes)) {
    const { tensors } = await readFileHeader(source, file, signal);
    for (const { name, elementType } of tensors) {
      const [, module] = /^(.*)\.scales$/.exec(name) ?? [];
      const groups = module !== undefined && groupsOf(quantization!, module);
      if (groups && isFloatType(elementType))
        formats.set(`${planName(module)}.weight`, mlxFormat(groups, elementType));
    }
  }
  return fileFormats(plan, (name) => formats.get(name));
}
