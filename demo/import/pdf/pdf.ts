/**
 * PDFs, through pdf.js. Only text, forms and notes are asked for: no picture is decoded, no font drawn, no script run, and of its
 * data files only character maps of East Asian fonts are fetched, from this site.
 */
import {
  OPS,
  PDFWorker,
  getDocument,
  type PDFDocumentProxy,
  type PDFPageProxy,
} from 'pdfjs-dist/legacy/build/pdf.mjs';
import { maxTextChars, type ExtractedText, type ImportOptions } from '../document';
import { ImportError } from '../import-error';
import { damageNote, hiddenNote, listNumbers } from '../notes';
import { annotationTexts, type PdfAnnotation } from './form-text';
import { isUnreadable, placeItems, type PdfPage, type RawItem, type Viewport } from './page-items';
import { readPaint, type OperatorList } from './page-paint';
import { pdfText } from './pdf-text';
import { withFractions, withoutUnseen } from './ruled';
import { xfaText } from './xfa-text';

const maxPages = 20_000;

/** Addresses of pdf.js's character maps by their paths. */
const characterMaps = import.meta.glob<string>('../../../node_modules/pdfjs-dist/cmaps/*.bcmap', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** Gives pdf.js the files that it asks for by name. */
class CharacterMaps {
  async fetch({ filename }: { readonly filename: string }): Promise<Uint8Array> {
    const url = characterMaps[`../../../node_modules/pdfjs-dist/cmaps/${filename}`];
    if (url === undefined) throw new Error(`There is no character map '${filename}'.`);
    const response = await fetch(new URL(url, import.meta.url));
    if (!response.ok) throw new Error(`'${url}': the server answered ${response.status}.`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

function describe(cause: unknown, wasGiven: boolean): ImportError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'PasswordException') {
    return new ImportError(
      'encrypted',
      wasGiven ? 'This is not the password of this PDF.' : 'This PDF is protected with a password.',
      'Give its password here, or open it elsewhere, save it as PDF without one, and choose that file.',
      { cause, hasPassword: true },
    );
  }
  return new ImportError(
    'damaged',
    'This PDF is damaged or incomplete.',
    'Download it again, or open it in another program and save it anew.',
    { cause },
  );
}

/** @throws ImportError; the signal's reason when aborted */
export async function readPdf(
  bytes: Uint8Array<ArrayBuffer>,
  { signal, onProgress, password }: ImportOptions,
): Promise<ExtractedText> {
  signal?.throwIfAborted();
  // Parsing has a thread of its own; under Node, which has no such workers, pdf.js finds one by itself.
  const thread =
    typeof Worker === 'undefined'
      ? undefined
      : new Worker(new URL('./pdf-worker.ts', import.meta.url), { type: 'module', name: 'pdf' });
  const worker = thread && PDFWorker.create({ port: thread });
  const task = getDocument({
    data: bytes,
    ...(worker && { worker, BinaryDataFactory: CharacterMaps }),
    ...(password !== undefined && { password }),
    useWasm: false,
    useWorkerFetch: false,
    useSystemFonts: false,
    disableFontFace: true,
    // What pages paint is asked for, but no picture: they count as areas of their size.
    maxImageSize: 1,
    enableXfa: true,
    stopAtErrors: false,
    verbosity: 0,
  });
  const stopped = new Promise<never>((_, reject) => {
    const stop = (reason: unknown) => {
      thread?.terminate();
      reject(reason);
    };
    thread?.addEventListener('error', (event) =>
      stop(new Error(event.message || 'The worker could not be loaded.')),
    );
    signal?.addEventListener('abort', () => stop(signal.reason), { once: true });
  });
  try {
    return await Promise.race([readPages(await Promise.race([task.promise, stopped]), onProgress), stopped]);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof ImportError ? cause : describe(cause, password !== undefined);
  } finally {
    thread?.terminate();
    worker?.destroy();
  }
}

/** What was found on the pages, by their numbers. */
interface Findings {
  readonly broken: number[];
  readonly empty: number[];
  readonly unreadable: number[];
  numHidden: number;
}

async function readPages(
  document: PDFDocumentProxy,
  onProgress: ImportOptions['onProgress'],
): Promise<ExtractedText> {
  const numPages = Math.min(document.numPages, maxPages);
  const pages: PdfPage[] = [];
  const found: Findings = { broken: [], empty: [], unreadable: [], numHidden: 0 };
  let numChars = 0;
  for (let number = 1; number <= numPages; number++) {
    let page: PdfPage = { items: [] };
    try {
      page = await readPage(await document.getPage(number), document.isPureXfa, number, found);
    } catch (cause) {
      // One broken page need not cost the book.
      found.broken.push(number);
      if (found.broken.length * 2 > numPages) throw cause;
    }
    pages.push(page);
    numChars += page.items.reduce((total, { text }) => total + text.length, 0);
    onProgress?.({ phase: 'reading', unit: 'pages', numDone: number, numTotal: numPages });
    if (numChars > maxTextChars) break;
  }
  const text = pdfText(pages);
  checkHasText(text, numPages, found);
  const { info } = await document.getMetadata();
  const { Title: title } = info as { readonly Title?: unknown };
  // Programs that make PDFs put the name of a file there, or nothing that says something.
  const isName =
    typeof title === 'string' &&
    /^(?:untitled|about:blank)$|^Microsoft Word - |\.(?:docx?|indd|tex|dvi|qxd|rtf)$/i.test(title);
  return {
    text,
    labels: await pageLabels(document, pages.length),
    titles: [typeof title === 'string' && !isName ? title : undefined],
    notes: describeFindings(found, numPages, document.numPages),
  };
}

/** How the pages are called in print, where the file says so. */
async function pageLabels(document: PDFDocumentProxy, numPages: number): Promise<string[]> {
  const printed = await document.getPageLabels().catch(() => null);
  return Array.from({ length: numPages }, (_, index) => `p. ${printed?.[index]?.trim() || index + 1}`);
}

async function readPage(
  page: PDFPageProxy,
  isXfa: boolean,
  number: number,
  found: Findings,
): Promise<PdfPage> {
  const viewport = page.getViewport({ scale: 1 });
  try {
    if (isXfa) {
      const form = await page.getXfa();
      const text = form ? xfaText(form) : '';
      if (text === '') found.empty.push(number);
      return { items: [], height: viewport.height, additions: text === '' ? [] : [text] };
    }
    const { items: raw, styles } = await page.getTextContent();
    const isMonospaced = (font: string) => styles[font]?.fontFamily === 'monospace';
    const texts = raw.filter((item) => 'str' in item) as RawItem[];
    const placed = placeItems(texts, viewport, isMonospaced);
    found.numHidden += placed.numHidden;
    const paint = await paintOf(page, viewport);
    const { items: seen, numHidden } = withoutUnseen(placed.items, paint.unseen);
    found.numHidden += numHidden;
    const items = withFractions(seen, paint.rules);
    const annotations = (await page.getAnnotations()) as PdfAnnotation[];
    const widgets = annotations.map((annotation) => ({
      ...annotation,
      ...(annotation.rect && { rect: seenRectangle(annotation.rect, viewport) }),
    }));
    const additions = annotationTexts(widgets, items);
    const whole = items.map(({ text }) => text).join('') + placed.turned.join('');
    if (isUnreadable(whole)) {
      found.unreadable.push(number);
      return { items: [], height: viewport.height, additions };
    }
    if (!/[\p{L}\p{N}]/u.test(whole) && additions.length === 0) found.empty.push(number);
    return { items, rules: paint.rules, turned: placed.turned, height: viewport.height, additions };
  } finally {
    page.cleanup();
  }
}

/** What a page paints. One that cannot be painted is read without it: its text is there. */
async function paintOf(page: PDFPageProxy, { transform, height }: Viewport) {
  try {
    const [a = 1, b = 0, c = 0, d = -1, e = 0, f = 0] = transform;
    const operators = (await page.getOperatorList()) as OperatorList;
    return readPaint(operators, OPS, [a, -b, c, -d, e, height - f]);
  } catch {
    return { rules: [], unseen: [] };
  }
}

function seenRectangle(
  [x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[],
  viewport: ReturnType<PDFPageProxy['getViewport']>,
): number[] {
  const [ax, ay] = viewport.convertToViewportPoint(x0, y0) as [number, number];
  const [bx, by] = viewport.convertToViewportPoint(x1, y1) as [number, number];
  const [top, bottom] = [viewport.height - Math.min(ay, by), viewport.height - Math.max(ay, by)];
  return [Math.min(ax, bx), bottom, Math.max(ax, bx), top];
}

const ocr = 'Run text recognition (OCR) on it, then choose the result.';

function checkHasText(text: string, numPages: number, { unreadable }: Findings): void {
  if (/[\p{L}\p{N}]/u.test(text)) return;
  if (unreadable.length > 0) {
    throw new ImportError(
      'no-text',
      `The letters of this PDF cannot be read: its fonts do not say which letters they draw (${numPages} pages).`,
      ocr,
    );
  }
  throw new ImportError('no-text', 'This PDF holds pictures of its pages, not their text, as scans do.', ocr);
}

function describeFindings(
  { broken, empty, unreadable, numHidden }: Findings,
  numPages: number,
  numAll: number,
): string[] {
  const pages = (numbers: readonly number[]) =>
    `page${numbers.length === 1 ? '' : 's'} ${listNumbers(numbers)}`;
  return [
    ...(empty.length > 0
      ? [
          `${empty.length} of ${numPages} pages hold no text (${listNumbers(empty)}). If they are pictures of text, run text ` +
            'recognition (OCR) on the file.',
        ]
      : []),
    ...(unreadable.length > 0
      ? [`The letters of ${pages(unreadable)} cannot be read: the fonts do not say which letters they draw.`]
      : []),
    ...damageNote(broken.length, numPages, `pages (${listNumbers(broken)})`),
    ...(numAll > numPages ? [`Only the first ${numPages} of ${numAll} pages were read.`] : []),
    ...hiddenNote(numHidden),
  ];
}
