/**
 * Whether a model that is said to use its embedding as its head has another head in its files. Most files with both have the same
 * matrix twice; where they differ the head is what the model was trained with.
 */
import type { ModelConfig } from '../config/model-config';
import type { ModelSource } from '../source/model-source';
import type { TensorHeader } from './safetensors';
import { singleFileName, type ShardIndex } from './shard-index';
import { ShardReader } from './shard-reader';
import { planName } from './tensor-plan';
import { findShards, openShard, readFileHeader, usualHeadBytes } from './weight-files';

const embeddingName = 'embed_tokens.weight';
const headName = 'lm_head.weight';
/** Bytes that are compared of a matrix at its beginning, its middle and its end; one of up to three times as many is compared whole. */
const sampleBytes = 2 ** 18;

/** Where a tensor is. */
interface Place {
  readonly file: string;
  readonly header: TensorHeader;
  /** Of its first byte in the file. */
  readonly startBytes: number;
}

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
  return (await isSame(source, head, embedding, signal)) ? config : { ...config, isHeadTied: false };
}

/** Where a tensor is, by the header of the one file that may have it: the only one, or that which the index names. */
async function find(
  source: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Place | undefined> {
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

async function isSame(
  source: ModelSource,
  a: Place,
  b: Place,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { sizeBytes, elementType } = a.header;
  if (sizeBytes !== b.header.sizeBytes || elementType !== b.header.elementType) return false;
  const length = Math.min(sizeBytes, sampleBytes);
  const starts = [0, Math.floor((sizeBytes - length) / 2), sizeBytes - length];
  for (const start of sizeBytes <= 3 * sampleBytes ? [0] : starts) {
    const count = sizeBytes <= 3 * sampleBytes ? sizeBytes : length;
    const [left, right] = [
      await readAt(source, a, start, count, signal),
      await readAt(source, b, start, count, signal),
    ];
    if (left.some((byte, i) => byte !== right[i])) return false;
  }
  return true;
}

async function readAt(
  source: ModelSource,
  { file, header, startBytes }: Place,
  start: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const dataBytes = startBytes + start;
  const opened = await openShard(source, { name: file, dataBytes }, signal);
  const reader = new ShardReader(file, opened, { signal, startBytes: dataBytes });
  reader.part = `tensor '${header.name}'`;
  const bytes = new Uint8Array(count);
  try {
    await reader.read(bytes);
  } finally {
    await reader.close();
  }
  return bytes;
}
