/**
 * Streams a model's weight files, each by one request and in the order of its bytes, to the GPU. Beside the stream's own
 * chunk it holds one piece of at most 4 MiB, that piece widened and encoded (4 MiB each), and about 16 MiB under way to
 * the GPU, whatever the model's size.
 */
import type { Device } from '../gpu/device';
import type { WeightFormat } from '../kernels/linear/weight-format';
import { ggmlRowBytes } from '../source/gguf/ggml-types';
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import type { ContentDigest } from './content-digest';
import type { MlxStream } from './mlx-stream';
import { ProgressCount, type LoadProgress } from './load-progress';
import type { ModelConfig } from '../config/model-config';
import { formatsOf, type MatrixFormats } from './matrix-formats';
import type { ModelSource } from '../source/model-source';
import { corrupt } from './safetensors';
import { ShardReader } from './shard-reader';
import {
  loadableType,
  matchTensor,
  planName,
  planTensors,
  requireTensors,
  type PlannedTensor,
} from './tensor-plan';
import { findWeightFiles, openShard, readHeaders } from './weight-files';
import { WeightSink } from './weight-sink';
import { maxPieceBytes } from './weight-uploader';
import type { ModelWeights } from './weights';

export type { LoadProgress } from './load-progress';

/** How to load. */
interface LoadWeightsOptions {
  /** Formats of the matrices on the GPU: one for all, or each its own. */
  readonly format: WeightFormat | MatrixFormats;
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
  const { signal, maxBindingBytes = device.maxBindingBytes } = options;
  const formats = formatsOf(options.format);
  const plan = planTensors(config);
  let sink: WeightSink | undefined;
  try {
    signal?.throwIfAborted();
    const files = await findWeightFiles(source, plan, signal);
    const progress = new ProgressCount(files, plan, options.onProgress);
    const seen = new Set<string>();
    const piece = new Uint8Array(maxPieceBytes);
    const ggml = source.gguf && (await fetched(import('./ggml-rows')));
    const { quantization } = config;
    const mlx = quantization && (await newMlxStream(!formats.isOfFiles));
    const matchMlx =
      quantization && (await fetched(import('./mlx-tensors'))).mlxMatcher({ plan, seen, quantization });
    for (const file of files) {
      const reader = new ShardReader(file.name, file.opened ?? (await openShard(source, file, signal)), {
        signal,
        digest: options.digest,
        startBytes: file.dataBytes ?? 0,
      });
      try {
        const headers = file.headers ?? (await readHeaders(reader));
        // Headers that came before the stream are content too.
        if (file.headers) await options.digest?.update(new TextEncoder().encode(JSON.stringify(headers)));
        const tensors = headers.map(
          (header) => matchMlx?.(header, file.name) ?? matchTensor(plan, header, file.name, seen),
        );
        requireTensors(file.tensors, new Set(headers.map(({ name }) => planName(name))), file.name);
        progress.begin(file, reader, headers);
        // Only now, so that a configuration which the files do not bear out does not fill the GPU first.
        sink ??= await WeightSink.create(device, config, { formats, maxBindingBytes, ggml });
        const startBytes = reader.positionBytes;
        for (const tensor of tensors) {
          // GGUF pads tensors to its alignment.
          await reader.skip(startBytes + tensor.header.offsetBytes - reader.positionBytes);
          await streamTensor(reader, tensor, {
            sink,
            mlx,
            formatName: formats.name,
            piece,
            signal,
            onPiece: () => progress.report(),
          });
        }
        if (!file.headers) await reader.requireEnd();
        progress.end(reader);
      } finally {
        await reader.close();
      }
    }
    mlx?.requireWhole(files.at(-1)!.name);
    return await sink!.finish(signal);
  } catch (error) {
    sink?.abandon();
    signal?.throwIfAborted();
    throw error;
  }
}

async function newMlxStream(isConverting: boolean): Promise<MlxStream> {
  const { MlxStream } = await fetched(import('./mlx-stream'));
  return new MlxStream(isConverting);
}

interface StreamContext {
  readonly sink: WeightSink;
  /** Where the configuration says that the files are MLX's. */
  readonly mlx: MlxStream | undefined;
  readonly formatName: string;
  /** Reused for every piece. */
  readonly piece: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal | undefined;
  readonly onPiece: () => void;
}

/** Reads one tensor in pieces of whole rows. */
async function streamTensor(
  reader: ShardReader,
  tensor: PlannedTensor,
  { sink, mlx, formatName, piece, signal, onPiece }: StreamContext,
): Promise<void> {
  const { header, placement } = tensor;
  reader.part = `tensor '${header.name}'`;
  if (!placement) {
    await reader.skip(header.sizeBytes);
    return;
  }
  if (tensor.mlx) {
    await mlx!.take(reader, { ...tensor, placement, mlx: tensor.mlx }, sink);
    signal?.throwIfAborted();
    onPiece();
    return;
  }
  const type = loadableType(header);
  const [, numColumns = 1] = placement.shape;
  const rowBytes = ggmlRowBytes(type, numColumns);
  // As f32 a row is largest, but for the padding of very short ones. Halves of a head that alternate come together.
  const largestRowBytes = Math.max(4 * numColumns, 32);
  const { interleavedRows = 1 } = header;
  const rowsPerPiece =
    Math.max(1, Math.floor(maxPieceBytes / largestRowBytes / interleavedRows)) * interleavedRows;
  for (const { numRows, firstTargetRow, rowStep } of placement.runs) {
    for (let done = 0; done < numRows; done += rowsPerPiece) {
      const count = Math.min(rowsPerPiece, numRows - done);
      const sizeBytes = count * rowBytes;
      const bytes = sizeBytes <= piece.length ? piece.subarray(0, sizeBytes) : new Uint8Array(sizeBytes);
      await reader.read(bytes);
      const run = { numRows: count, firstTargetRow: firstTargetRow + done * rowStep, rowStep };
      const ordered = interleavedRows > 1 ? separateHalves(bytes, rowBytes, interleavedRows) : bytes;
      const problem = sink.write(placement.target, run, numColumns, type, ordered);
      if (problem === 'infinite') {
        throw corrupt(reader.name, `tensor '${header.name}' has values that are infinite or no numbers`);
      }
      if (problem) {
        throw new EngineError(
          'model-unsupported',
          `Tensor '${header.name}' has values beyond f16's ±65504, which weights in '${formatName}' cannot hold; 'f32' can.`,
        );
      }
      await sink.breathe();
      signal?.throwIfAborted();
      onPiece();
    }
  }
}

/** Rows of whole heads, in each of which the rows of its two halves alternate, with one half after the other. */
function separateHalves(
  bytes: Uint8Array<ArrayBuffer>,
  rowBytes: number,
  headRows: number,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(bytes.length);
  const numRows = bytes.length / rowBytes;
  for (let row = 0; row < numRows; row++) {
    const inHead = row % headRows;
    const target = row - inHead + (inHead % 2) * (headRows / 2) + Math.floor(inHead / 2);
    result.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), target * rowBytes);
  }
  return result;
}
