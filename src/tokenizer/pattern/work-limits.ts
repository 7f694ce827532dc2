/** What a tokenizer's files may make of one text: somebody else wrote them, so time and characters are bounded. */

/** Any text may take so long. */
const leastMilliseconds = 2000;
/**
 * On a slow or busy device it may take as many times what one look at each of its characters takes there: that is the measure of
 * the work, which a clock alone is not. Patterns of real tokenizers take some ten times.
 */
const looks = 200;
/** Characters of the result of a stage as a multiple of the text's: three bytes for one character, and room for marks. */
const growth = 8;
const leastCharacters = 4096;

/** The bounds of one text; each method throws a RangeError where they are passed. */
export class WorkLimits {
  private readonly startedAt: number;
  private readonly maxLength: number;
  /** Undefined until the text has taken long: then it is seen how fast the device is. */
  private maxMilliseconds: number | undefined;

  /** @param now the time in milliseconds */
  constructor(
    private readonly text: string,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
    this.maxLength = leastCharacters + growth * text.length;
  }

  /** Called between pieces of work that are short. */
  check(): void {
    const elapsed = this.now() - this.startedAt;
    if (elapsed <= leastMilliseconds) return;
    this.maxMilliseconds ??= looks * this.lookMilliseconds();
    if (elapsed > this.maxMilliseconds) throw new RangeError('it does not come to an end');
  }

  /** What it takes at this moment to try a pattern of one character at each place of the text. */
  private lookMilliseconds(): number {
    const startedAt = this.now();
    const any = /[^]/uy;
    while (any.test(this.text));
    return this.now() - startedAt;
  }

  /** Called with the number of characters before they are made. */
  spend(numCharacters: number): void {
    if (numCharacters > this.maxLength) throw new RangeError('it makes far more text than it is given');
  }
}
