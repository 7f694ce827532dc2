/** Page summaries as the GPU has them now, for a document that is to be stored. */
import { numSummarySlots, ringPagesOf } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import type { Recorder } from '../gpu/recorder';
import type { BufferPart, Offloader } from '../offload/offloader';
import { runsOf } from '../offload/runs';

/** What summaries are read with: of one model runner. */
interface SummaryReader {
  readonly cache: KvCache;
  readonly offloader: Offloader;
  readonly recorder: Recorder;
}

/**
 * Summaries `[numPages, summary]` of pages `[from, to)` of every list of a sequence: by layer, then by KV head. Layers with rings have
 * none: zeros stand for theirs, and nobody reads them.
 * @throws EngineError `device-lost`
 */
export async function readSummaries(
  { cache, offloader, recorder }: SummaryReader,
  sequence: number,
  from: number,
  to: number,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const { numLayers, numKvHeads } = cache.shape;
  const { summaryBytes } = cache.layout;
  const runs = runsOf(cache.pagesOf(sequence).slice(from, to));
  const perList = (to - from) * summaryBytes;
  const result = Array.from({ length: numLayers * numKvHeads }, () => new Uint8Array(perList));
  const chosen = [...result.keys()].filter(
    (list) => ringPagesOf(cache.shape, Math.floor(list / numKvHeads)) === 0,
  );
  const partsOf = (list: number): BufferPart[] => {
    const kvHead = list % numKvHeads;
    const { summaries: source, firstKvHead } = cache.slabOf(Math.floor(list / numKvHeads), kvHead);
    const firstSlot = (kvHead - firstKvHead) * numSummarySlots(cache.shape);
    return runs.map(({ start, length }) => ({
      source,
      offsetBytes: (firstSlot + start) * summaryBytes,
      sizeBytes: length * summaryBytes,
    }));
  };
  const perRead = Math.max(1, Math.floor(offloader.slotBytes / perList));
  for (let first = 0; first < chosen.length; first += perRead) {
    const part = chosen.slice(first, first + perRead);
    const bytes = await offloader.readBack(recorder, part.flatMap(partsOf));
    part.forEach((list, i) => (result[list] = bytes.subarray(i * perList, (i + 1) * perList)));
  }
  return result;
}
