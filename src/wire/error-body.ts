/** Errors of the engine as a server of OpenAI's API would send them. */
import { EngineError, type EngineErrorCode } from '../util/errors';

/** What a client reads of an error. */
interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** An error with the status that goes with it. */
export interface WireError {
  readonly status: number;
  readonly body: ErrorBody;
}

/**
 * Below 500 it is of no use to send the same request again, and clients do not: it asks for what the engine has no room for, or the
 * engine is gone.
 */
const statusOf: Readonly<Record<EngineErrorCode, number>> = {
  unsupported: 400,
  'context-too-long': 400,
  'model-unsupported': 400,
  'document-busy': 409,
  'document-unread': 409,
  'document-damaged': 422,
  'weights-corrupt': 500,
  'not-finite': 500,
  'gpu-memory': 413,
  'host-memory': 413,
  'storage-quota': 413,
  'storage-lost': 503,
  'limit-too-small': 503,
  'webgpu-unavailable': 503,
  'device-lost': 503,
  'worker-failed': 503,
  disposed: 410,
  network: 503,
};

/** Codes that clients of OpenAI know by another word. */
const codes: Partial<Record<EngineErrorCode, string>> = { 'context-too-long': 'context_length_exceeded' };

/** What `error` is on the wire. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof EngineError) {
    const status = statusOf[error.code];
    return wireError(status, error.message, {
      code: codes[error.code] ?? error.code.replaceAll('-', '_'),
      param: error.field ?? null,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  // Sentences of the door begin with the field that they are about, or name an unknown one.
  const param = /(?:^|unknown field )"([^"]+)"/.exec(message)?.[1] ?? null;
  if (error instanceof TypeError || error instanceof RangeError) return wireError(400, message, { param });
  return wireError(500, message);
}

/** An error of this status. */
export function wireError(
  status: number,
  message: string,
  { code = null, param = null }: { code?: string | null; param?: string | null } = {},
): WireError {
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return { status, body: { error: { message, type, param, code } } };
}
