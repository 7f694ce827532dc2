/** What a tokenizer's files may make of one text: somebody else wrote them, so time and characters are bounded. */

const maxMilliseconds = 2000;
/** Characters of the result of a stage as a multiple of the text's: three bytes for one character, and room for marks. */
const growth = 8;
const leastCharacters = 4096;

/** The bounds of one text; each method throws a RangeError where they are passed. */
export class WorkLimits {
  private readonly endsAt = Date.now() + maxMilliseconds;
  private readonly maxLength: number;

  constructor(text: string) {
    this.maxLength = leastCharacters + growth * text.length;
  }

  /** Called between pieces of work that are short. */
  check(): void {
    if (Date.now() > this.endsAt) throw new RangeError('it does not come to an end');
  }

  /** Called with the number of characters before they are made. */
  spend(numCharacters: number): void {
    if (numCharacters > this.maxLength) throw new RangeError('it makes far more text than it is given');
  }
}
