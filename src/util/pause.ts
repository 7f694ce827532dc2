/** Lets others have their turn in a long computation. */

/** Resolves when the messages and timers that wait now have been served. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
