/** When and how often a failed request is repeated. */
import { EngineError } from '../util/errors';

/** Tries left before a failure is final; bytes that arrive refill it. */
export class Retries {
  readonly #delaysMs: readonly number[];
  #numFailures = 0;

  constructor(delaysMs: readonly number[]) {
    this.#delaysMs = delaysMs;
  }

  /** Something came: all tries are there again. */
  succeed(): void {
    this.#numFailures = 0;
  }

  /** Waits before the next try. @throws EngineError `network` when there is none left; the signal's reason */
  async next(url: string, cause: unknown, signal: AbortSignal | undefined): Promise<void> {
    const delayMs = this.#delaysMs[this.#numFailures++];
    if (delayMs === undefined) {
      throw new EngineError(
        'network',
        `'${url}' could not be fetched. Check the connection, and that the server allows this page to read it ` +
          '(CORS); then load again.',
        { cause },
      );
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal!.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, delayMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) onAbort();
    });
  }
}
