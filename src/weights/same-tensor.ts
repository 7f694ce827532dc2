/** Whether two tensors of a model's files hold the same: a part that few models need. */
import type { ModelSource } from '../source/model-source';
import type { TensorHeader } from './safetensors';
import { ShardReader } from './shard-reader';
import { openShard } from './weight-files';

/** Bytes that are compared of a matrix at its beginning, its middle and its end; one of up to three times as many is compared whole. */
const sampleBytes = 2 ** 18;

/** Where a tensor is. */
export interface TensorPlace {
  readonly file: string;
  readonly header: TensorHeader;
  /** Of its first byte in the file. */
  readonly startBytes: number;
}

/**
 * Whether type, size and what is compared of the bytes are equal.
 * @throws EngineError `weights-corrupt`, `network`; the signal's reason when aborted
 */
export async function isSame(
  source: ModelSource,
  a: TensorPlace,
  b: TensorPlace,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { sizeBytes, elementType } = a.header;
  if (sizeBytes !== b.header.sizeBytes || elementType !== b.header.elementType) return false;
  const length = Math.min(sizeBytes, sampleBytes);
  const starts = [0, Math.floor((sizeBytes - length) / 2), sizeBytes - length];
  for (const start of sizeBytes <= 3 * sampleBytes ? [0] : starts) {
    const count = sizeBytes <= 3 * sampleBytes ? sizeBytes : length;
    const [left, right] = [
      await readAt(source, a, { start, count }, signal),
      await readAt(source, b, { start, count }, signal),
    ];
    if (left.some((byte, i) => byte !== right[i])) return false;
  }
  return true;
}

async function readAt(
  source: ModelSource,
  { file, header, startBytes }: TensorPlace,
  { start, count }: { readonly start: number; readonly count: number },
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
