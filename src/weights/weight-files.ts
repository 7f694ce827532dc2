/** A model's weight files: which they are, how one is opened, and what its header says. */
import type { ModelSource, OpenedFile } from '../source/model-source';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import type { WeightFile } from './load-progress';
import { headerPrefixBytes, parseHeader, readHeaderLength, type TensorHeader } from './safetensors';
import { indexFileName, parseShardIndex, singleFileName, type ShardIndex } from './shard-index';
import { ShardReader } from './shard-reader';
import { planName, requireTensors, type TensorPlan } from './tensor-plan';

/** Longest header that is read by one request, as that of a model of some hundred tensors; a longer one needs another. */
export const usualHeadBytes = 128 * 1024;

/**
 * A model's one safetensors file, opened, or the index of several; undefined where it has neither.
 * @param headBytes opens a single file for its beginning alone
 * @throws EngineError `weights-corrupt`, `network`; the signal's reason when aborted
 */
export async function findShards(
  source: ModelSource,
  signal: AbortSignal | undefined,
  headBytes?: number,
): Promise<{ readonly opened: OpenedFile } | { readonly index: ShardIndex } | undefined> {
  const opened = await source.open(singleFileName, { signal, headBytes });
  if (opened) return { opened };
  const text = await source.readText(indexFileName, signal);
  return text === undefined ? undefined : { index: parseShardIndex(text) };
}

/**
 * The files of a model's weights, in the order in which they are read.
 * @param headBytes opens a single file for its beginning alone
 * @throws as `loadWeights` does
 */
export async function findWeightFiles(
  source: ModelSource,
  plan: TensorPlan,
  signal: AbortSignal | undefined,
  headBytes?: number,
): Promise<WeightFile[]> {
  if (source.gguf) return (await fetched(import('./gguf-tensors'))).ggufWeightFiles(source.gguf, plan);
  const shards = await findShards(source, signal, headBytes);
  if (!shards) {
    throw new EngineError(
      'model-unsupported',
      `The model has no '${singleFileName}' and no '${indexFileName}'.`,
    );
  }
  if ('opened' in shards) {
    return [{ name: singleFileName, tensors: [...plan.keys()], opened: shards.opened }];
  }
  const { index } = shards;
  const tensorsOf = new Map<string, string[]>(index.files.map((name) => [name, []]));
  for (const [tensor, file] of index.fileOf) {
    if (plan.has(planName(tensor))) tensorsOf.get(file)!.push(planName(tensor));
  }
  requireTensors(plan.keys(), new Set(Array.from(index.fileOf.keys(), planName)), indexFileName);
  return index.files
    .map((name) => ({ name, tensors: tensorsOf.get(name)! }))
    .filter(({ tensors }) => tensors.length > 0);
}

/** Opens a file at its first tensor, or at its beginning where its header is still to be read; maybe for `headBytes` alone. */
export async function openShard(
  source: ModelSource,
  { name, dataBytes = 0 }: Pick<WeightFile, 'name' | 'dataBytes'>,
  signal: AbortSignal | undefined,
  headBytes?: number,
): Promise<OpenedFile> {
  const opened = await source.open(name, { offsetBytes: dataBytes, signal, headBytes });
  if (!opened) throw new EngineError('weights-corrupt', `The model's weight file '${name}' is missing.`);
  return opened;
}

/** Reads a safetensors header; the reader then stands at the first tensor. */
export async function readHeaders(reader: ShardReader): Promise<TensorHeader[]> {
  return readHeaderOf(reader, await readLength(reader));
}

/** What a file's header says, and where its tensors begin. */
interface FileHeader {
  readonly tensors: readonly TensorHeader[];
  /** Bytes of the file before its first tensor. */
  readonly dataBytes: number;
}

/** The header of a file by a request for its beginning alone, or by two where it is longer than usual. */
export async function readFileHeader(
  source: ModelSource,
  file: Pick<WeightFile, 'name' | 'opened'>,
  signal: AbortSignal | undefined,
): Promise<FileHeader> {
  const opened = file.opened ?? (await openShard(source, file, signal, usualHeadBytes));
  const first = await readBeginning(file.name, opened, usualHeadBytes, signal);
  if (typeof first !== 'number') return first;
  const longer = await openShard(source, file, signal, first);
  return (await readBeginning(file.name, longer, Infinity, signal)) as FileHeader;
}

/** The header, or where it is longer than `maxBytes` with what stands before it, how long. */
async function readBeginning(
  name: string,
  opened: OpenedFile,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<FileHeader | number> {
  const reader = new ShardReader(name, opened, { signal });
  try {
    const length = await readLength(reader);
    if (headerPrefixBytes + length > maxBytes) return headerPrefixBytes + length;
    return { tensors: await readHeaderOf(reader, length), dataBytes: reader.positionBytes };
  } finally {
    await reader.close();
  }
}

async function readLength(reader: ShardReader): Promise<number> {
  const prefix = new Uint8Array(headerPrefixBytes);
  await reader.read(prefix);
  return readHeaderLength(prefix, reader.name, reader.sizeBytes);
}

async function readHeaderOf(reader: ShardReader, length: number): Promise<TensorHeader[]> {
  const { name, sizeBytes } = reader;
  const header = new Uint8Array(length);
  await reader.read(header);
  return parseHeader(header, name, sizeBytes === undefined ? undefined : sizeBytes - reader.positionBytes);
}
