/** From the pages of a sequence that is being read to the records of its document. */
import { pageTokens, wholePageTokens } from '../cache/page';
import type { NewRecord } from './document-database';
import type { DocumentDraft, DocumentLibrary } from './library';
import { pagesOfRun, pagesPerRun, placesOfRun } from './manifest';
import type { ModelRunner } from '../runner/model-runner';
import { readSummaries } from './read-summaries';

/** What was read, and where it is kept. */
interface ReadingPart {
  readonly library: DocumentLibrary;
  readonly runner: ModelRunner;
  readonly draft: DocumentDraft;
  readonly sequence: number;
  readonly numTokens: number;
}

/**
 * Stores the pages of `sequence` that were read since the last time, up to `numTokens` tokens, in whole runs until the
 * document's end.
 * @throws EngineError `storage-quota`, `device-lost`
 */
export async function storeReading(part: ReadingPart): Promise<void> {
  const { library, runner, draft, numTokens } = part;
  const isEnd = numTokens === wholePageTokens(draft.manifest.numTokens);
  const numPages = numTokens / pageTokens;
  const endPage = isEnd ? numPages : numPages - (numPages % pagesPerRun);
  // Pages leave the GPU while later ones are computed.
  await runner.settled();
  for (let page = draft.manifest.numReadTokens / pageTokens; page < endPage; page += pagesPerRun) {
    const run = page / pagesPerRun;
    const end = page + pagesOfRun(run, endPage);
    const records = await recordsOf(part, run, end);
    await library.append(draft, records, end * pageTokens);
  }
}

/** The records of run `run`, which ends before page `end`: its summaries and its pages, list by list. */
async function recordsOf(
  { runner, draft: { manifest }, sequence }: ReadingPart,
  run: number,
  end: number,
): Promise<NewRecord[]> {
  const { numKvHeads, pageBytes, summaryBytes } = manifest.layout;
  const first = run * pagesPerRun;
  const ids = runner.cache.pagesOf(sequence).slice(first, end);
  const summaries = await readSummaries(runner, sequence, first, end);
  return Promise.all(
    placesOfRun(manifest, run).map(async (place): Promise<NewRecord> => {
      if (place.kind === 'summaries') {
        const payload = new Uint8Array(summaries.length * ids.length * summaryBytes);
        summaries.forEach((bytes, list) => payload.set(bytes, list * bytes.byteLength));
        return { place, payload };
      }
      const payload = new Uint8Array(ids.length * pageBytes);
      const [layer, kvHead] = [Math.floor(place.list / numKvHeads), place.list % numKvHeads];
      await runner.hostStore.read(layer, kvHead, ids, payload);
      return { place, payload };
    }),
  );
}
