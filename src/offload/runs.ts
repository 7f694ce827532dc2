/** Runs of consecutive numbers: pure. */

/** Numbers `[start, start + length)`, found at `[index, index + length)` of the list they came from. */
export interface Run {
  readonly start: number;
  readonly index: number;
  readonly length: number;
}

/** Cuts a list where the next number is not one more than the last: `7 8 9 3` gives the runs `7 8 9` and `3`. */
export function runsOf(numbers: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let index = 0; index < numbers.length;) {
    const start = numbers[index]!;
    let length = 1;
    while (numbers[index + length] === start + length) length++;
    runs.push({ start, index, length });
    index += length;
  }
  return runs;
}
