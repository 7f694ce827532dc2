/** Documents from the web, as far as their servers let a page read them. */
import type { DocumentBytes, ImportOptions } from './document';
import { ImportError } from './import-error';

/** Files of this size or more are refused before a byte of them is read. */
const maxFileBytes = 100_000_000;

/** @throws ImportError `too-large` */
export function checkFileSize(sizeBytes: number): void {
  if (sizeBytes < maxFileBytes) return;
  throw new ImportError(
    'too-large',
    `This file has ${Math.round(sizeBytes / 1e6)} MB; documents here have to be smaller than ${maxFileBytes / 1e6} MB.`,
    'Split it, or save its text without pictures, then choose that.',
  );
}

const saveInstead = 'Open the address in a tab of its own, save the page or file, and drop it here.';

function parseAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new ImportError(
    'bad-address',
    `“${address}” is not the address of a web page.`,
    'Copy the whole address, beginning with https://.',
  );
}

async function readBody(
  response: Response,
  { signal, onProgress }: ImportOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const isEncoded = (response.headers.get('content-encoding') ?? 'identity') !== 'identity';
  const length = isEncoded ? null : response.headers.get('content-length');
  const numTotal = length === null ? undefined : Number(length);
  if (numTotal !== undefined) checkFileSize(numTotal);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let numDone = 0;
  for await (const part of response.body ?? new Blob().stream()) {
    signal?.throwIfAborted();
    parts.push(part);
    numDone += part.length;
    // What a server says of the length need not be true.
    checkFileSize(numDone);
    onProgress?.({ phase: 'downloading', unit: 'bytes', numDone, numTotal });
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * The document behind an address, without cookies and without telling the server which page asks.
 * @throws ImportError `bad-address`, `network`, `too-large`; the signal's reason when aborted
 */
export async function fetchDocument(address: string, options: ImportOptions): Promise<DocumentBytes> {
  const url = parseAddress(address);
  const { signal } = options;
  let response: Response;
  try {
    response = await fetch(url, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      ...(signal && { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ImportError(
      'network',
      `${url.host} could not be read: it does not answer, does not let other pages read it (CORS), or the policy of this page ` +
        'does not name it.',
      saveInstead,
      { cause },
    );
  }
  if (!response.ok) {
    await response.body?.cancel();
    const isGone = response.status === 404 || response.status === 410;
    throw new ImportError(
      'network',
      isGone
        ? `${url.host} has nothing at this address (${response.status}).`
        : `${url.host} did not give the document: it answered ${response.status}.`,
      isGone ? 'Check the address.' : saveInstead,
    );
  }
  try {
    const bytes = await readBody(response, options);
    const path = URL.canParse(response.url) ? new URL(response.url).pathname : url.pathname;
    return {
      bytes,
      name: lastPart(path) || url.host,
      contentType: response.headers.get('content-type') ?? '',
    };
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ImportError) throw cause;
    throw new ImportError('network', `The connection to ${url.host} broke off.`, 'Try again.', { cause });
  }
}

function lastPart(path: string): string {
  const part = path.split('/').filter(Boolean).at(-1) ?? '';
  try {
    return decodeURIComponent(part);
  } catch {
    // Not percent-encoded UTF-8: then it is shown as it is.
    return part;
  }
}
