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
  const head = await find(source, headName, signal);
  const embedding = head && (await find(source, embeddingName, signal));
  if (!head || !embedding) return config;
  const { isSame } = await fetched(import('./same-tensor'));
  return (await isSame(source, head, embedding, signal)) ? config : { ...config, isHeadTied: false };
}

/** Where a tensor is, by the header of the one file that may have it: the only one, or that which the index names. */
async function find(
  source: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<TensorPlace | undefined> {
  const shards = await findShards(source, signal, usualHeadBytes);
  // That there are no weights at all is the load's to say.
  if (!shards) return undefined;
  const file = 'opened' in shards ? { name: singleFileName, ...shards } : shardOf(shards.index, name);
  if (!file) return undefined;
  const { tensors, dataBytes } = await readFileHeader(source, file, signal);
  const header = tensors.find((tensor) => planName(tensor.name) === name);
  return header && { file: file.name, header, startBytes: dataBytes + header.offsetBytes };
}

function shardOf({ fileOf }: ShardIndex, name: string): { readonly name: string } | undefined {
  const [, file] = [...fileOf].find(([tensor]) => planName(tensor) === name) ?? [];
  return file === undefined ? undefined : { name: file };
}
