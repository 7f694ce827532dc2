/**
 * Streams a model's weight files, each by one request and in the order of its bytes, to the GPU. Beside the stream's own
 * chunk it holds one piece of at most 4 MiB, that piece widened and encoded (4 MiB each), and about 16 MiB under way to
 * the GPU, whatever the model's size.
 */
import type { Device } from '../gpu/device';
import { matrixLayout, type WeightFormat } from '../kernels/linear/weight-format';
import { EngineError } from '../util/errors';
import type { ContentDigest } from './content-digest';
import { areFinite } from './elements';
import { ProgressCount, type LoadProgress, type WeightFile } from './load-progress';
import type { ModelConfig } from '../config/model-config';
import type { ModelSource, OpenedFile } from '../source/model-source';
import {
  corrupt,
  headerPrefixBytes,
  loadableBytes,
  parseHeader,
  readHeaderLength,
  type TensorHeader,
} from './safetensors';
import { indexFileName, parseShardIndex, singleFileName } from './shard-index';
import { ShardReader } from './shard-reader';
import {
  loadableType,
  matchTensors,
  planName,
  planTensors,
  requireTensors,
  type PlannedTensor,
  type TensorPlan,
} from './tensor-plan';
import { WeightSink } from './weight-sink';
import { maxPieceBytes } from './weight-uploader';
import type { ModelWeights } from './weights';

export type { LoadProgress } from './load-progress';

/** How to load. */
export interface LoadWeightsOptions {
  /** Format of all matrices on the GPU. */
  readonly format: WeightFormat;
  readonly onProgress?: (progress: LoadProgress) => void;
  readonly signal?: AbortSignal;
  /** Largest binding in bytes; the device's own limit when left out. */
  readonly maxBindingBytes?: number;
  /** Takes every byte of the weight files. */
  readonly digest?: ContentDigest;
}

/**
 * Loads all weights; the caller destroys them. On any failure nothing stays allocated and no stream stays open.
 * @throws EngineError `weights-corrupt` or `model-unsupported` naming the tensor or field, `network`, `gpu-memory`,
 * `limit-too-small`, `device-lost`; the signal's reason when aborted
 */
export async function loadWeights(
  device: Device,
  config: ModelConfig,
  source: ModelSource,
  options: LoadWeightsOptions,
): Promise<ModelWeights> {
  const { format, signal, maxBindingBytes = device.maxBindingBytes } = options;
  const plan = planTensors(config);
  let sink: WeightSink | undefined;
  try {
    signal?.throwIfAborted();
    const files = await findWeightFiles(source, plan, signal);
    const progress = new ProgressCount(files, plan, options.onProgress);
    const seen = new Set<string>();
    const piece = new Uint8Array(maxPieceBytes);
    for (const file of files) {
      const reader = new ShardReader(file.name, file.opened ?? (await openShard(source, file.name, signal)), {
        signal,
        digest: options.digest,
      });
      try {
        const headers = await readHeaders(reader);
        const tensors = matchTensors(plan, headers, file.name, seen);
        requireTensors(file.tensors, new Set(headers.map(({ name }) => planName(name))), file.name);
        progress.begin(file, reader, headers);
        // Only now, so that a configuration which the files do not bear out does not fill the GPU first.
        sink ??= await WeightSink.create(device, config, format, maxBindingBytes);
        for (const tensor of tensors) {
          await streamTensor(reader, tensor, {
            sink,
            format,
            piece,
            signal,
            onPiece: () => progress.report(),
          });
        }
        await reader.requireEnd();
        progress.end(reader);
      } finally {
        await reader.close();
      }
    }
    return await sink!.finish(signal);
  } catch (error) {
    sink?.abandon();
    signal?.throwIfAborted();
    throw error;
  }
}

async function findWeightFiles(
  source: ModelSource,
  plan: TensorPlan,
  signal: AbortSignal | undefined,
): Promise<WeightFile[]> {
  const opened = await source.open(singleFileName, { signal });
  if (opened) return [{ name: singleFileName, tensors: [...plan.keys()], opened }];
  const text = await source.readText(indexFileName, signal);
  if (text === undefined) {
    throw new EngineError(
      'model-unsupported',
      `The model has no '${singleFileName}' and no '${indexFileName}'.`,
    );
  }
  const index = parseShardIndex(text);
  const tensorsOf = new Map<string, string[]>(index.files.map((name) => [name, []]));
  for (const [tensor, file] of index.fileOf) {
    if (plan.has(planName(tensor))) tensorsOf.get(file)!.push(planName(tensor));
  }
  requireTensors(plan.keys(), new Set(Array.from(index.fileOf.keys(), planName)), indexFileName);
  return index.files
    .map((name) => ({ name, tensors: tensorsOf.get(name)! }))
    .filter(({ tensors }) => tensors.length > 0);
}

async function openShard(
  source: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
  const opened = await source.open(name, { signal });
  if (!opened) throw new EngineError('weights-corrupt', `The model's weight file '${name}' is missing.`);
  return opened;
}

async function readHeaders(reader: ShardReader): Promise<TensorHeader[]> {
  const { name, sizeBytes } = reader;
  const prefix = new Uint8Array(headerPrefixBytes);
  await reader.read(prefix);
  const header = new Uint8Array(readHeaderLength(prefix, name, sizeBytes));
  await reader.read(header);
  return parseHeader(header, name, sizeBytes === undefined ? undefined : sizeBytes - reader.positionBytes);
}

interface StreamContext {
  readonly sink: WeightSink;
  readonly format: WeightFormat;
  /** Reused for every piece. */
  readonly piece: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal | undefined;
  readonly onPiece: () => void;
}

/** Reads one tensor in pieces of whole rows. */
async function streamTensor(
  reader: ShardReader,
  { header, placement }: PlannedTensor,
  { sink, format, piece, signal, onPiece }: StreamContext,
): Promise<void> {
  reader.part = `tensor '${header.name}'`;
  if (!placement) {
    await reader.skip(header.sizeBytes);
    return;
  }
  const type = loadableType(header);
  const [, numColumns = 1] = placement.shape;
  const rowBytes = numColumns * loadableBytes(type)!;
  // As f32 a row is largest, but for the padding of very short ones.
  const largestRowBytes = Math.max(4 * numColumns, matrixLayout(format, numColumns).valueBytesPerRow);
  const rowsPerPiece = Math.floor(maxPieceBytes / largestRowBytes);
  for (const { numRows, firstTargetRow, rowStep } of placement.runs) {
    for (let done = 0; done < numRows; done += rowsPerPiece) {
      const count = Math.min(rowsPerPiece, numRows - done);
      const bytes = piece.subarray(0, count * rowBytes);
      await reader.read(bytes);
      const run = { numRows: count, firstTargetRow: firstTargetRow + done * rowStep, rowStep };
      if (!areFinite(type, bytes)) {
        throw corrupt(reader.name, `tensor '${header.name}' has values that are infinite or no numbers`);
      }
      if (!sink.write(placement.target, run, numColumns, type, bytes)) {
        throw new EngineError(
          'model-unsupported',
          `Tensor '${header.name}' has values beyond f16's ±65504, which weights in '${format}' cannot hold; 'f32' can.`,
        );
      }
      await sink.breathe();
      signal?.throwIfAborted();
      onPiece();
    }
  }
}
