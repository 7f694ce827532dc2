/** Work side by side that stands or falls together. */

/**
 * Runs what `start` starts, side by side; resolves when all of it has. The first failure, or `signal`, aborts the signal
 * that the others were started with.
 * @throws the first failure, or the signal's reason, when all have ended
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal | undefined,
  start: (signal: AbortSignal) => { readonly [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const failing = new AbortController();
  const either = signal ? AbortSignal.any([signal, failing.signal]) : failing.signal;
  const tasks = start(either) as readonly Promise<unknown>[];
  const results = await Promise.allSettled(
    tasks.map((task) =>
      task.catch((error: unknown) => {
        failing.abort(error);
        throw error;
      }),
    ),
  );
  if (results.every(({ status }) => status === 'fulfilled')) {
    return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
  }
  throw signal?.aborted ? signal.reason : failing.signal.reason;
}
