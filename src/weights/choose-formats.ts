/** Which formats a model's matrices get: what is asked for, else what its files have. */
import type { WeightFormat } from '../kernels/linear/weight-format';
import type { MatrixFormat } from '../kernels/linear/matrix-format';
import type { ModelConfig } from '../config/model-config';
import type { ModelSource, OpenedFile } from '../source/model-source';
import { fetched } from '../util/fetched';
import { fileFormats, uniformFormats, type MatrixFormats } from './matrix-formats';
import { groupsOf, mlxFormat } from './mlx-groups';
import type { WeightFile } from './load-progress';
import { headerPrefixBytes, isFloatType, type TensorHeader } from './safetensors';
import { ShardReader } from './shard-reader';
import { planName, planTensors, type TensorPlan } from './tensor-plan';
import { findWeightFiles, openShard, readHeaders } from './weight-loader';

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
    for (const { name, elementType } of await headersOf(source, file, signal)) {
      const [, module] = /^(.*)\.scales$/.exec(name) ?? [];
      const groups = module !== undefined && groupsOf(quantization!, module);
      if (groups && isFloatType(elementType))
        formats.set(`${planName(module)}.weight`, mlxFormat(groups, elementType));
    }
  }
  return fileFormats(plan, (name) => formats.get(name));
}

/** Longest header that is read by one request, as that of a model of some hundred tensors; a longer one needs another. */
const usualHeadBytes = 128 * 1024;

/** The header of a file, without the tensors behind it. */
async function headersOf(
  source: ModelSource,
  file: WeightFile,
  signal: AbortSignal | undefined,
): Promise<TensorHeader[]> {
  const read = async <T>(opened: OpenedFile, use: (reader: ShardReader) => Promise<T>): Promise<T> => {
    const reader = new ShardReader(file.name, opened, { signal });
    try {
      return await use(reader);
    } finally {
      await reader.close();
    }
  };
  const opened = file.opened ?? (await openShard(source, file, signal, usualHeadBytes));
  const headers = await read(opened, (reader) => readHeaders(reader, usualHeadBytes));
  if (typeof headers !== 'number') return headers;
  const longer = await openShard(source, file, signal, headerPrefixBytes + headers);
  return read(longer, (reader) => readHeaders(reader));
}
