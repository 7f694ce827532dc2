/** What a model thinks before it answers, told apart from the answer while both come in pieces. */
import { thoughtMarks, type ThoughtMarks } from './families';
import { heldFor } from './held-text';

/** What a piece of text turned out to be. */
interface ThoughtPiece {
  readonly reasoning: string;
  readonly content: string;
}

/** Reads one answer. Thoughts stand at its beginning or nowhere; white space around them belongs to the marks. */
export class ThoughtReader {
  #marks: ThoughtMarks | undefined;
  #state: 'undecided' | 'thinking' | 'answering' = 'undecided';
  #held = '';
  /** Tokens of the piece that nothing is known of yet. */
  #numHeldTokens = 0;
  /** Leading white space is dropped until something else has come. */
  #isFirst = true;
  /** Tokens of the thoughts, marks included. */
  numTokens = 0;

  /** `promptEnd` is how the prompt ends: some templates begin the thoughts themselves. */
  constructor(promptEnd: string) {
    const end = promptEnd.trimEnd();
    this.#marks = thoughtMarks.find(({ open }) => end.endsWith(open));
    if (this.#marks) this.#state = 'thinking';
  }

  /** Takes a piece of so many tokens. */
  push(text: string, numTokens: number): ThoughtPiece {
    this.#held += text;
    this.#numHeldTokens += numTokens;
    if (this.#state === 'undecided') this.#decide();
    const isThought = this.#state === 'thinking';
    let reasoning = '';
    if (isThought) {
      this.numTokens += this.#numHeldTokens;
      reasoning = this.#think();
    }
    if (this.#state !== 'undecided') this.#numHeldTokens = 0;
    return { reasoning, content: this.#state === 'answering' ? this.#answer() : '' };
  }

  /** What was held back. */
  end(): ThoughtPiece {
    const rest = this.#held;
    this.#held = '';
    return this.#state === 'thinking'
      ? { reasoning: rest.trimEnd(), content: '' }
      : { reasoning: '', content: rest };
  }

  #decide(): void {
    const start = this.#held.trimStart();
    this.#marks = thoughtMarks.find(({ open }) => start.startsWith(open));
    if (this.#marks) {
      this.#state = 'thinking';
      this.#held = start.slice(this.#marks.open.length);
    } else if (!thoughtMarks.some(({ open }) => open.startsWith(start))) {
      this.#state = 'answering';
      this.#isFirst = false;
    }
  }

  #think(): string {
    if (this.#isFirst) this.#held = this.#held.trimStart();
    const { close } = this.#marks!;
    const at = this.#held.indexOf(close);
    if (at >= 0) {
      const thought = this.#held.slice(0, at).trimEnd();
      this.#held = this.#held.slice(at + close.length);
      this.#state = 'answering';
      this.#isFirst = true;
      return thought;
    }
    const sure = this.#held.slice(0, this.#held.length - heldFor(this.#held, close)).trimEnd();
    if (sure !== '') this.#isFirst = false;
    this.#held = this.#held.slice(sure.length);
    return sure;
  }

  #answer(): string {
    const text = this.#isFirst ? this.#held.trimStart() : this.#held;
    if (text !== '') this.#isFirst = false;
    this.#held = '';
    return text;
  }
}
