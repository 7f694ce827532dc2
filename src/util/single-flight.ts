/** Work that several want at once is done once: whoever comes while it runs waits for the same. */

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  numWaiting: number;
}

/** One piece of work at a time for each key. */
export class SingleFlight<K, T> {
  readonly #flights = new Map<K, Flight<T>>();

  /**
   * Joins the work on `key` that is under way, or begins it. Who aborts leaves alone; the work itself is aborted when nobody waits for
   * it any more, and what is begun after that waits for its end.
   * @throws what the work throws; the signal's reason
   */
  async run(key: K, work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const known = this.#flights.get(key);
    const flight = known && !known.controller.signal.aborted ? known : this.#begin(key, work, known);
    flight.numWaiting++;
    let onAbort: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal!.reason as Error);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([flight.result, aborted]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (--flight.numWaiting === 0) flight.controller.abort(signal?.reason);
    }
  }

  #begin(key: K, work: (signal: AbortSignal) => Promise<T>, before: Flight<T> | undefined): Flight<T> {
    const controller = new AbortController();
    const ended = before?.result.catch(() => undefined) ?? Promise.resolve();
    const result = ended.then(() => work(controller.signal));
    const flight: Flight<T> = { result, controller, numWaiting: 0 };
    this.#flights.set(key, flight);
    const remove = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    // A failure goes to those who wait; when all have left, to nobody.
    result.then(remove, remove);
    return flight;
  }
}
