/**
 * Whether a model that is said to use its embedding as its head has another head in its files. Most files with both have the same
 * matrix twice; where they differ the head is what the model was trained with.
 */
import type { ModelConfig } from '../config/model-config';
import type { ModelSource, OpenedFile } from '../source/model-source';
import type { TensorHeader } from './safetensors';
import { indexFileName, parseShardIndex, singleFileName } from './shard-index';
import { ShardReader } from './shard-reader';
import { planName } from './tensor-plan';
import { openShard, readHeaders } from './weight-loader';

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

async function find(
  source: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Place | undefined> {
  const file = await openFileOf(source, name, signal);
  // That there are no weights at all is the load's to say.
  if (!file) return undefined;
  const reader = new ShardReader(file.name, file.opened, { signal });
  try {
    const header = (await readHeaders(reader)).find((tensor) => planName(tensor.name) === name);
    return header && { file: file.name, header, startBytes: reader.positionBytes + header.offsetBytes };
  } finally {
    await reader.close();
  }
}

/** The file that may have a tensor: the only one, or the one that the index names. */
async function openFileOf(
  source: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly name: string; readonly opened: OpenedFile } | undefined> {
  const options = signal ? { signal } : {};
  const only = await source.open(singleFileName, options);
  if (only) return { name: singleFileName, opened: only };
  const index = await source.readText(indexFileName, signal);
  if (index === undefined) return undefined;
  const [, file] = [...parseShardIndex(index).fileOf].find(([tensor]) => planName(tensor) === name) ?? [];
  if (file === undefined) return undefined;
  return { name: file, opened: await openShard(source, { name: file, tensors: [] }, signal) };
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
  const opened = await openShard(source, { name: file, tensors: [], dataBytes }, signal);
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
