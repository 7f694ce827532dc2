/** Calls of listeners from where nothing may go wrong because of them. */

/** Calls each of `listeners`. What one throws is reported as an error that nobody caught, and disturbs neither caller nor others. */
export function tellAll<T>(listeners: Iterable<(event: T) => void>, event: T): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch (error) {
      // Node has no `reportError`.
      const report: ((error: unknown) => void) | undefined = globalThis.reportError;
      (report ?? console.warn)(error);
    }
  }
}
