/** Pages of a document computed anew on the GPU, each from all that stand before it. */
import { pageTokens } from '../cache/page';
import type { DocumentDevice } from './document-device';
import { Reading } from './reading';

/** Pages `[layers · kvHeads]` of one place, as the host stores them. */
type PagesOfPlace = readonly Uint8Array<ArrayBuffer>[];

/**
 * Computes page `page` of the tokens `ids` of a restored sequence, and cuts that sequence behind it.
 * @param origin where the pages before it come from, as `LoopRequest.origin`
 * @throws EngineError `device-lost`, `disposed`, `host-memory`, `storage-quota`
 */
export async function recomputePage(
  side: DocumentDevice,
  { ids, origin }: { readonly ids: readonly number[]; readonly origin: string | undefined },
  page: number,
): Promise<PagesOfPlace> {
  const end = (page + 1) * pageTokens;
  let pages: Promise<PagesOfPlace> | undefined;
  const reading = new Reading(
    { ids: ids.slice(0, end), origin },
    (sequence, numTokens) => {
      if (numTokens === end) pages = readPlace(side, sequence.index, page);
    },
    async () => {
      await pages?.catch(() => undefined);
    },
  );
  side.add(reading);
  await reading.done;
  return pages!;
}

/** What the host has of one page of every head of a sequence. */
async function readPlace({ runner }: DocumentDevice, sequence: number, page: number): Promise<PagesOfPlace> {
  await runner.settled();
  const { numLayers, numKvHeads } = runner.cache.shape;
  const id = runner.cache.pagesOf(sequence)[page]!;
  return Promise.all(
    Array.from({ length: numLayers * numKvHeads }, async (_, list) => {
      const bytes = new Uint8Array(runner.cache.layout.hostPageBytes);
      await runner.hostStore.read(Math.floor(list / numKvHeads), list % numKvHeads, [id], bytes);
      return bytes;
    }),
  );
}
