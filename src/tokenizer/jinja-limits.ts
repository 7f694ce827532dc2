/** What a template may do: it is somebody else's program, so its steps, its time and the characters that it makes are bounded. */
import type { TextBudget } from './jinja-values';

/** How much a template may do for one text. */
export interface TemplateLimits {
  /** A conversation takes a few milliseconds. */
  readonly milliseconds: number;
  /** Nodes that are evaluated. */
  readonly steps: number;
  /** Characters of all texts that it makes on the way, beyond those of the values. */
  readonly characters: number;
}

/** A hundred times what the longest conversations take in real templates. */
export const defaultLimits: TemplateLimits = { milliseconds: 5000, steps: 2 ** 24, characters: 2 ** 27 };
/** Characters of one text, as a multiple of those of the values and beside it. */
export const growth = 8;
/** Characters that one text may have at least. */
export const leastCharacters = 2 ** 20;
/** Nodes within nodes: a macro that calls itself without end overflows no stack. */
const maxDepth = 400;
const maxItems = 2 ** 20;

/** What a template has done for one text, against its limits; each of its methods throws an Error where it is too much. */
export class Limits implements TextBudget {
  depth = 0;
  private numSteps = 0;
  private numCharacters = 0;
  private readonly endsAt: number;

  constructor(
    private readonly limits: TemplateLimits,
    /** Characters of the longest text. */
    private readonly maxLength: number,
  ) {
    this.endsAt = Date.now() + limits.milliseconds;
  }

  step(): void {
    if (++this.numSteps > this.limits.steps || Date.now() > this.endsAt)
      throw new Error('it does not come to an end.');
    if (this.depth > maxDepth) throw new Error('it calls itself too deeply.');
  }

  spend(numChars: number): void {
    this.numCharacters += numChars;
    if (numChars > this.maxLength || this.numCharacters > this.limits.characters)
      throw new Error('it makes far more text than the conversation has.');
  }

  spendItems(numItems: number): void {
    if (numItems > maxItems) throw new Error('it makes far longer lists than the conversation has.');
    this.spend(numItems);
  }
}
