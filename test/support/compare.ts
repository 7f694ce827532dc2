/** Comparison of float arrays that says where they differ most. */

/** `|actual - expected| <= absolute + relative * |expected|` for every element. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative?: number;
}

/** @throws Error naming the worst index when lengths differ, a value is not finite, or one is out of tolerance. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute, relative = 0 }: Tolerance,
  what = 'result',
): void {
  if (actual.length < expected.length) {
    throw new Error(`${what}: ${actual.length} values where ${expected.length} were expected`);
  }
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (Object.is(a, e) || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const excess = Math.abs(a - e) - (absolute + relative * Math.abs(e));
    if (!(excess <= worstExcess)) {
      worst = i;
      worstExcess = Number.isNaN(excess) ? Infinity : excess;
    }
  }
  if (worst >= 0) {
    throw new Error(
      `${what}[${worst}] is ${actual[worst]}, expected ${expected[worst]} (over by ${worstExcess})`,
    );
  }
}
