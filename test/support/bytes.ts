/** Comparison of bytes, for tests that run in a browser as well as under Vitest. */

/** @throws Error naming the first byte that differs, or the lengths */
export function expectBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} bytes where ${expected.length} were expected`);
  }
  const at = actual.findIndex((value, i) => value !== expected[i]);
  if (at >= 0) throw new Error(`${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`);
}

/** @throws Error naming what does not hold */
export function expectThat(condition: boolean, what: string): void {
  if (!condition) throw new Error(`It does not hold that ${what}.`);
}
