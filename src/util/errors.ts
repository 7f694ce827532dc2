/** The one error class that callers meet, with a code they can act on. */

/** What went wrong, as a caller can act on it. */
export type EngineErrorCode =
  | 'webgpu-unavailable'
  | 'limit-too-small'
  | 'model-unsupported'
  | 'unsupported'
  | 'weights-corrupt'
  | 'network'
  | 'context-too-long'
  | 'gpu-memory'
  | 'host-memory'
  | 'storage-quota'
  | 'storage-lost'
  | 'not-finite'
  | 'document-damaged'
  | 'document-busy'
  | 'document-unread'
  | 'device-lost'
  | 'worker-failed'
  | 'disposed';

/** An error of the engine: `message` is a sentence for people, `code` is for programs, `cause` is what lies under it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** Of `unsupported`: the field of the request that asks for what this engine cannot do, as a path: `messages[0].content[1]`. */
  readonly field?: string;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown; field?: string }) {
    super(message, options);
    this.code = code;
    if (options?.field !== undefined) this.field = options.field;
  }
}

/** What was thrown, as an error: itself, or its text in one. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
