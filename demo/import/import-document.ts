/**
 * Documents in: files, addresses and pasted text become plain text with its paragraphs. A worker of its own reads each one, so that
 * the page goes on whatever comes, and ends with it.
 */
import type { ImportedDocument, ImportInput, ImportOptions } from './document';
import { checkFileSize, fetchDocument } from './fetch-document';
import { ImportError } from './import-error';
import type { ImportReply, ImportRequest } from './import-protocol';

export type { ImportChoices, ImportedDocument, ImportInput, ImportOptions, ImportProgress } from './document';

/** A reader that says nothing for so long is taken to be lost in what it reads. */
const patienceMs = 120_000;

/**
 * Takes in a document. Nothing in it runs and nothing that it points to is fetched.
 * @throws ImportError when it cannot be taken in; the signal's reason when aborted
 */
export async function importDocument(
  input: ImportInput,
  options: ImportOptions = {},
): Promise<ImportedDocument> {
  const { signal, encoding, password } = options;
  signal?.throwIfAborted();
  if (!(input instanceof File) && 'text' in input) {
    return readInWorker({ kind: 'text', text: input.text, title: input.title }, options);
  }
  const source =
    input instanceof File ? await readFile(input, options) : await fetchDocument(input.url, options);
  signal?.throwIfAborted();
  return readInWorker({ kind: 'bytes', source, choices: { encoding, password } }, options);
}

async function readFile(file: File, { onProgress }: ImportOptions) {
  checkFileSize(file.size);
  onProgress?.({ phase: 'reading', unit: 'bytes', numDone: 0, numTotal: file.size });
  try {
    return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name, contentType: file.type };
  } catch (cause) {
    throw new ImportError(
      'damaged',
      `“${file.name}” cannot be read: it was moved or changed since it was chosen, or is a folder.`,
      'Choose it again.',
      { cause },
    );
  }
}

/** Reads in a worker that ends with the import, however that ends. */
function readInWorker(
  request: ImportRequest,
  { signal, onProgress }: ImportOptions,
): Promise<ImportedDocument> {
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), {
    type: 'module',
    name: 'import',
  });
  return new Promise<ImportedDocument>((resolve, reject) => {
    let watch: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      clearTimeout(watch);
      worker.terminate();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      end();
      reject(error);
    };
    const onAbort = () => fail(signal!.reason);
    const waitOn = () => {
      clearTimeout(watch);
      watch = setTimeout(() => fail(tooSlow()), patienceMs);
    };
    signal?.addEventListener('abort', onAbort);
    worker.addEventListener('error', (event) => fail(broken(event.message)));
    worker.addEventListener('messageerror', () => fail(broken('')));
    worker.addEventListener('message', ({ data }: MessageEvent<ImportReply>) => {
      waitOn();
      switch (data.kind) {
        case 'progress':
          onProgress?.(data.progress);
          break;
        case 'done':
          end();
          resolve(data.document);
          break;
        case 'refused':
          fail(new ImportError(data.code, data.message, data.step, { hasPassword: data.hasPassword }));
          break;
        case 'failed':
          fail(broken(data.message));
          break;
      }
    });
    waitOn();
    worker.postMessage(request, request.kind === 'bytes' ? [request.source.bytes.buffer] : []);
  });
}

function tooSlow(): ImportError {
  return new ImportError(
    'too-large',
    'This document was given up: no end of it was in sight after two minutes without progress.',
    'Split it, or save its text, then choose that. If it is small, it may be made to do harm: do not trust it.',
  );
}

/** A fault of the reader, not of the person: said as such, with the document that it came from still in hand. */
function broken(reason: string): ImportError {
  return new ImportError(
    'damaged',
    `This document could not be read${reason ? `: ${reason.replace(/\.$/, '')}` : ''}.`,
    'It may be damaged. Save it in another format, or open it elsewhere, copy its text, and paste that here.',
  );
}
