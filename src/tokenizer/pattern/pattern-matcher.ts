/**
 * Patterns of tokenizers that no regular expression of the browser may run. It finds what JavaScript's backtracking would find, in
 * the same order, but remembers what has failed where: so the steps are bounded by the pattern's length times the text's, and they
 * are counted. A character class is one step, for which the browser's own is asked.
 */
import { compileProgram, type Program } from './pattern-program';

/** Where a match lies in a text. */
export type Span = readonly [start: number, end: number];

/** Any text may take so many steps, and a long one these more for each character: patterns of real tokenizers take some. */
const leastSteps = 2 ** 24;
const stepsPerCharacter = 256;

/** Finds a pattern in texts. */
export class PatternMatcher {
  private readonly program: Program;
  private text = '';
  /** A bit for each fork at each place: it was tried there, and failed. */
  private failed = new Uint8Array(0);
  private readonly lookResults = new Map<number, boolean>();
  private stepsLeft = 0;

  /** @throws SyntaxError where the pattern is not known here, or too large */
  constructor(source: string) {
    this.program = compileProgram(source);
  }

  /**
   * The matches in a text, from left to right, as `matchAll` finds them.
   * @throws RangeError where that takes too many steps
   */
  find(text: string): Span[] {
    this.text = text;
    this.stepsLeft = leastSteps + stepsPerCharacter * text.length;
    this.lookResults.clear();
    this.failed = new Uint8Array(((text.length + 1) * this.program.numForks + 7) >> 3);
    const spans: Span[] = [];
    for (let start = 0; start <= text.length;) {
      const end = this.run(0, start);
      if (end === undefined) {
        start += this.sizeAt(start);
        continue;
      }
      spans.push([start, end]);
      // What succeeded has left marks as well, and all of them that the next attempt can meet are here.
      for (let fork = 0; fork < this.program.numForks; fork++) this.mark(end, fork, false);
      start = end > start ? end : start + this.sizeAt(start);
    }
    return spans;
  }

  /** Follows the program from an instruction and a place; where it ends, or undefined where it does not match. */
  private run(from: number, at: number, marks?: [number, number][]): number | undefined {
    const { instructions } = this.program;
    const stack: [number, number][] = [[from, at]];
    for (let state = stack.pop(); state; state = stack.pop()) {
      let [pc, position] = state;
      for (let isAlive = true; isAlive;) {
        if (--this.stepsLeft < 0) throw new RangeError('it takes too many steps');
        const step = instructions[pc]!;
        switch (step.kind) {
          case 'match':
            return position;
          case 'jump':
            pc = step.to;
            break;
          case 'fork':
            if (this.isMarked(position, step.id)) {
              isAlive = false;
              break;
            }
            this.mark(position, step.id, true);
            marks?.push([position, step.id]);
            stack.push([step.second, position]);
            pc = step.first;
            break;
          case 'look':
            isAlive = this.looksRight(pc, position) !== step.isNegative;
            pc = step.next;
            break;
          case 'character': {
            const start = step.isBackward ? position - this.sizeBefore(position) : position;
            const code = start < 0 ? undefined : this.text.codePointAt(start);
            isAlive = code !== undefined && start < this.text.length && step.accepts(code);
            if (step.isBackward) position = start;
            else position += this.sizeAt(position);
            pc++;
          }
        }
      }
    }
    return undefined;
  }

  /** Whether what a look-around is about is there. Its marks go when it succeeds, since some of them are of the way to it. */
  private looksRight(pc: number, position: number): boolean {
    const key = pc * (this.text.length + 1) + position;
    const known = this.lookResults.get(key);
    if (known !== undefined) return known;
    const marks: [number, number][] = [];
    const isThere = this.run(pc + 1, position, marks) !== undefined;
    if (isThere) for (const [place, fork] of marks) this.mark(place, fork, false);
    this.lookResults.set(key, isThere);
    return isThere;
  }

  private isMarked(position: number, fork: number): boolean {
    const bit = position * this.program.numForks + fork;
    return ((this.failed[bit >> 3]! >> (bit & 7)) & 1) === 1;
  }

  private mark(position: number, fork: number, isFailed: boolean): void {
    const bit = position * this.program.numForks + fork;
    if (isFailed) this.failed[bit >> 3]! |= 1 << (bit & 7);
    else this.failed[bit >> 3]! &= ~(1 << (bit & 7));
  }

  private sizeAt(position: number): number {
    return (this.text.codePointAt(position) ?? 0) > 0xffff ? 2 : 1;
  }

  private sizeBefore(position: number): number {
    return position > 1 && (this.text.codePointAt(position - 2) ?? 0) > 0xffff ? 2 : 1;
  }
}
