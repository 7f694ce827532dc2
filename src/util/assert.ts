/** Internal invariants: a failure is a bug of ours, never of the caller's. */

/** Throws when an invariant that this code relies on does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Longpage invariant broken: ${message}`);
}

/** For the default branch of an exhaustive `switch`. */
export function unreachable(value: never): never {
  throw new Error(`Longpage invariant broken: unexpected value ${JSON.stringify(value)}`);
}
