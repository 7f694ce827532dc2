/**
 * PDFs, through pdf.js. Only text is asked for: no picture is decoded, no font drawn, no script or form run, and of its
 * data files only character maps of East Asian fonts are fetched, from this site.
 */
import { PDFWorker, getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { type ExtractedText, type ImportOptions, maxTextChars } from './import-document';
import { ImportError } from './import-error';
import { type PdfItem, pdfText } from './pdf-text';

const maxPages = 20_000;
/** Letters a page below which a document of several pages is taken for pictures of pages. */
const leastLettersPerPage = 8;

/** Addresses of pdf.js's character maps by their paths. */
const characterMaps = import.meta.glob<string>('../../node_modules/pdfjs-dist/cmaps/*.bcmap', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** Gives pdf.js the files that it asks for by name. */
class CharacterMaps {
  async fetch({ filename }: { readonly filename: string }): Promise<Uint8Array> {
    const url = characterMaps[`../../node_modules/pdfjs-dist/cmaps/${filename}`];
    if (url === undefined) throw new Error(`There is no character map '${filename}'.`);
    const response = await fetch(new URL(url, import.meta.url));
    if (!response.ok) throw new Error(`'${url}': the server answered ${response.status}.`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

function describe(cause: unknown): ImportError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'PasswordException') {
    return new ImportError(
      'encrypted',
      'This PDF is protected with a password.',
      'Open it with its password, print or save it as PDF without one, then choose that file.',
      { cause },
    );
  }
  return new ImportError(
    'damaged',
    'This PDF is damaged or incomplete.',
    'Download it again, or open it in another program and save it anew.',
    { cause },
  );
}

function checkHasText(text: string, numPages: number): void {
  const numLetters = text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
  if (numLetters > 0 && (numPages < 3 || numLetters >= numPages * leastLettersPerPage)) return;
  throw new ImportError(
    'no-text',
    'This PDF holds pictures of its pages, not their text, as scans do.',
    'Run text recognition (OCR) on it, then choose the result.',
  );
}

/** @throws ImportError; the signal's reason when aborted */
export async function readPdf(
  bytes: Uint8Array<ArrayBuffer>,
  { signal, onProgress }: ImportOptions,
): Promise<ExtractedText> {
  signal?.throwIfAborted();
  const thread = new Worker(new URL('./pdf-worker.ts', import.meta.url), { type: 'module', name: 'pdf' });
  const worker = PDFWorker.create({ port: thread });
  const task = getDocument({
    data: bytes,
    worker,
    useWasm: false,
    useWorkerFetch: false,
    BinaryDataFactory: CharacterMaps,
    useSystemFonts: false,
    disableFontFace: true,
    enableXfa: false,
    stopAtErrors: false,
    verbosity: 0,
  });
  const stopped = new Promise<never>((_, reject) => {
    const stop = (reason: unknown) => {
      thread.terminate();
      reject(reason);
    };
    thread.addEventListener('error', (event) =>
      stop(new Error(event.message || 'The worker could not be loaded.')),
    );
    signal?.addEventListener('abort', () => stop(signal.reason), { once: true });
  });
  try {
    return await Promise.race([readPages(task, onProgress), stopped]);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof ImportError ? cause : describe(cause);
  } finally {
    thread.terminate();
    worker.destroy();
  }
}

async function readPages(
  task: ReturnType<typeof getDocument>,
  onProgress: ImportOptions['onProgress'],
): Promise<ExtractedText> {
  const document = await task.promise;
  const numPages = Math.min(document.numPages, maxPages);
  const pages: PdfItem[][] = [];
  let numChars = 0;
  let numBroken = 0;
  for (let number = 1; number <= numPages; number++) {
    try {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      const placed = items.flatMap((item) => ('str' in item ? [placeItem(item)] : []));
      numChars += placed.reduce((total, { text }) => total + text.length, 0);
      pages.push(placed);
      page.cleanup();
    } catch (cause) {
      // One broken page need not cost the book.
      if (++numBroken * 2 > numPages) throw cause;
    }
    onProgress?.({ phase: 'reading', unit: 'pages', numDone: number, numTotal: numPages });
    if (numChars > maxTextChars) break;
  }
  const notes = [
    ...(numBroken > 0 ? [`${numBroken} of ${numPages} pages are damaged and were left out.`] : []),
    ...(document.numPages > maxPages
      ? [`Only the first ${maxPages} of ${document.numPages} pages were read.`]
      : []),
  ];
  const text = pdfText(pages);
  checkHasText(text, numPages);
  const { info } = await document.getMetadata();
  const { Title: title } = info as { readonly Title?: unknown };
  // Word processors put the name of the file there.
  const isName =
    typeof title === 'string' && /^Microsoft Word - |\.(?:docx?|indd|tex|dvi|qxd|rtf)$/i.test(title);
  return { text, titles: [typeof title === 'string' && !isName ? title : undefined], notes };
}

function placeItem(item: {
  readonly str: string;
  readonly transform: readonly number[];
  readonly width: number;
  readonly hasEOL: boolean;
}): PdfItem {
  const [, , c = 0, d = 0, x = 0, y = 0] = item.transform;
  return { text: item.str, x, y, width: item.width, height: Math.hypot(c, d), endsLine: item.hasEOL };
}
