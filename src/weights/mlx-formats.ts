/** The formats of MLX's quantised matrices, by the headers of their files. */
import type { Quantization } from '../config/quantization';
import type { MatrixFormat } from '../kernels/linear/matrix-format';
import type { ModelSource } from '../source/model-source';
import { fileFormats, type MatrixFormats } from './matrix-formats';
import { groupsOf } from './mlx-groups';
import { mlxFormat } from './mlx-rows';
import { isFloatType } from './safetensors';
import { planName, type TensorPlan } from './tensor-plan';
import { findWeightFiles, readFileHeader, usualHeadBytes } from './weight-files';

/**
 * What each matrix that the files have in groups is kept as.
 * @throws EngineError `weights-corrupt`, `model-unsupported`, `network`; the signal's reason when aborted
 */
export async function mlxFormats(
  source: ModelSource,
  quantization: Quantization,
  plan: TensorPlan,
  signal: AbortSignal | undefined,
): Promise<MatrixFormats> {
  const formats = new Map<string, MatrixFormat>();
  for (const file of await findWeightFiles(source, plan, signal, usualHeadBytes)) {
    const { tensors } = await readFileHeader(source, file, signal);
    for (const { name, elementType } of tensors) {
      const [, module] = /^(.*)\.scales$/.exec(name) ?? [];
      const groups = module !== undefined && groupsOf(quantization, module);
      if (groups && isFloatType(elementType))
        formats.set(`${planName(module)}.weight`, mlxFormat(groups, elementType));
    }
  }
  return fileFormats(plan, (name) => formats.get(name));
}
