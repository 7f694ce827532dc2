/** What a server's answer says of a file: which one it is of, and where its body begins in it. */
import { EngineError } from '../util/errors';

/** What tells whether a second answer is about the same file as the first. */
export interface FileIdentity {
  readonly sizeBytes: number | undefined;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** Compressed on the way: then bytes cannot be counted, nor a range be asked for. */
  readonly isEncoded: boolean;
}

/** An answer whose body begins `skipBytes` before the byte that was asked for. */
export interface Answer {
  readonly response: Response;
  /** Its body, where the response's own has been read from. */
  readonly body?: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly skipBytes: number;
  readonly identity: FileIdentity;
}

/** Bytes of the file. Another origin's answer may be compressed without the page's being told: what it says is another length. */
export function certainSize({ response, identity }: Answer): number | undefined {
  return response.type === 'cors' ? undefined : identity.sizeBytes;
}

/** Its body; an empty one where it has none. */
export function bodyOf(response: Response): ReadableStream<Uint8Array<ArrayBuffer>> {
  return response.body ?? new Blob().stream();
}

/** Lets go of an answer whose body is of no interest. */
export async function dismiss(response: Response): Promise<void> {
  // It may have failed already, which is of no interest either.
  await response.body?.cancel().catch(() => undefined);
}

/** Servers of single-page apps answer with the app's page where they have no such file. */
export function isSubstitutePage(response: Response, url: string): boolean {
  return !url.endsWith('.html') && (response.headers.get('content-type') ?? '').startsWith('text/html');
}

/** The error for a file whose answers do not belong together. */
export function changed(url: string): EngineError {
  return new EngineError('network', `'${url}' changed on the server while it was being loaded. Load again.`);
}

/**
 * Works out where the body begins and of which file it is a part.
 * @throws EngineError `network` when it is not a part of the file of the earlier answer, or begins elsewhere
 */
export function readAnswer(
  response: Response,
  url: string,
  offsetBytes: number,
  earlier: FileIdentity | undefined,
): Answer {
  const { headers, status } = response;
  const isPart = status === 206 && offsetBytes > 0;
  const isEncoded = (headers.get('content-encoding') ?? 'identity') !== 'identity';
  const lengthText = isEncoded ? null : headers.get('content-length');
  const bodyBytes = lengthText === null ? undefined : Number(lengthText);
  // A part of the beginning says how long all is, or nobody does.
  const isHead = status === 206 && offsetBytes === 0;
  let sizeBytes = isHead ? totalOf(headers) : bodyBytes;
  if (isPart) {
    // Across origins the header may be hidden: then the body's length has to match.
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
    const start = range ? Number(range[1]) : offsetBytes;
    if (range && range[3] !== '*') sizeBytes = Number(range[3]);
    else if (bodyBytes !== undefined) sizeBytes = offsetBytes + bodyBytes;
    const isKnown = range !== null || (bodyBytes !== undefined && earlier?.sizeBytes !== undefined);
    if (start !== offsetBytes || !isKnown || isEncoded) {
      throw new EngineError(
        'network',
        `'${url}': the server answered with other bytes than those asked for.`,
      );
    }
  }
  const [etag, lastModified] = [headers.get('etag'), headers.get('last-modified')];
  const identity = { sizeBytes, etag, lastModified, isEncoded };
  if (earlier) {
    for (const key of ['sizeBytes', 'etag', 'lastModified'] as const) {
      // Where one answer does not say, the other has to be believed.
      if ((earlier[key] ?? identity[key]) !== (identity[key] ?? earlier[key])) throw changed(url);
    }
  }
  return { response, skipBytes: isPart ? 0 : offsetBytes, identity };
}

function totalOf(headers: Headers): number | undefined {
  const [, total] = /^bytes 0-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  return total === undefined ? undefined : Number(total);
}
