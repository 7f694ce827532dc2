/**
 * Whether a model that is said to use its embedding as its head has another head in its files. Most files with both have the same
 * matrix twice; where they differ the head is what the model was trained with.
 */
import type { ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import { fetched } from '../util/fetched';
import type { TensorPlace } from './same-tensor';
import { singleFileName, type ShardIndex } from './shard-index';
import { planName } from './tensor-plan';
import { findShards, readFileHeader, usualHeadBytes } from './weight-files';

const embeddingName = 'embed_tokens.weight';
const headName = 'lm_head.weight';

/**
 * The configuration with `isHeadTied` as the files bear it out. Only headers are read where they have no second matrix. (A GGUF
 * file's configuration is made of its tensors' names already.)
 * @throws EngineError `weights-corrupt`, `network`; the signal's reason when aborted
 */
export async function withOwnHead(
  config: ModelConfig,
  source: ModelSource,
  signal?: AbortSignal,
): Promise<ModelConfig> {
  if (!config.isHeadTied || source.gguf) return config;
  const [head, embedding] = await find(source, [headName, embeddingName], signal);
  if (!head || !embedding) return config;
  const { isSame } = await fetched(import('./same-tensor'));
  return (await isSame(source, head, embedding, signal)) ? config : { ...config, isHeadTied: false };
}

/**
 * Where tensors are, up to the first that is not there, by the headers of the files that may have them: the only one, or those which
 * the index names. Each header is read once.
 */
async function find(
  source: ModelSource,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<TensorPlace[]> {
  const shards = await findShards(source, signal, usualHeadBytes);
  // That there are no weights at all is the load's to say.
  if (!shards) return [];
  const headers = new Map<string, ReturnType<typeof readFileHeader>>();
  const places: TensorPlace[] = [];
  for (const name of names) {
    const file = 'opened' in shards ? { name: singleFileName, ...shards } : shardOf(shards.index, name);
    if (!file) break;
    const reading = headers.get(file.name) ?? readFileHeader(source, file, signal);
    headers.set(file.name, reading);
    const { tensors, dataBytes } = await reading;
    const header = tensors.find((tensor) => planName(tensor.name) === name);
    if (!header) break;
    places.push({ file: file.name, header, startBytes: dataBytes + header.offsetBytes });
  }
  return places;
}

function shardOf({ fileOf }: ShardIndex, name: string): { readonly name: string } | undefined {
  const [, file] = [...fileOf].find(([tensor]) => planName(tensor) === name) ?? [];
  return file === undefined ? undefined : { name: file };
}
