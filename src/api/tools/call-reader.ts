/** Calls of tools told apart from the text around them while both come in pieces. */
import type { ChatCompletionToolCall, ChatCompletionToolCallDelta } from '../tool-calls';
import { newId } from '../response';
import { callBody, type CallBody } from './call-body';
import type { TypeOf } from './call-text';
import type { ToolFamily } from './families';
import { heldFor } from './held-text';

/** What a piece of text turned out to be. */
interface CallPiece {
  readonly content: string;
  readonly calls: readonly ChatCompletionToolCallDelta[];
}

/** Reads one answer. */
export class CallReader {
  readonly #calls: ChatCompletionToolCall[] = [];
  #held = '';
  #content = '';
  /** White space that is content only if more content follows: what stands between text and calls belongs to neither. */
  #space = '';
  #body: CallBody | undefined;
  /** Text of the body, which is content where it turns out to be no call. */
  #raw = '';
  #numBefore = 0;
  /** After a body its closing mark may follow. */
  #mayClose = false;
  #hasContent = false;
  #deltas: ChatCompletionToolCallDelta[] = [];

  constructor(
    private readonly family: ToolFamily,
    private readonly typeOf: TypeOf,
    private readonly maxCalls: number,
  ) {}

  /** The calls as far as they have come, those beyond the limit left out. */
  get calls(): ChatCompletionToolCall[] {
    return this.#calls.slice(0, this.maxCalls);
  }

  /** Takes a piece. */
  push(text: string): CallPiece {
    this.#held += text;
    while (this.#held !== '' && this.#step());
    return this.#take();
  }

  /** What was held back. A call that breaks off has the arguments that have come. */
  end(): CallPiece {
    const isPending = this.#body !== undefined && this.#calls.length === this.#numBefore;
    this.#body = undefined;
    this.#add((isPending ? this.#raw : '') + (this.#mayClose ? '' : this.#held));
    this.#held = '';
    if (this.#calls.length === 0) this.#content += this.#space;
    this.#space = '';
    return this.#take();
  }

  /** Goes on; false when more text is needed. */
  #step(): boolean {
    if (this.#body) return this.#readBody(this.#body);
    const { open, close, isBare } = this.family;
    if (this.#mayClose) {
      const rest = this.#held.trimStart();
      if (rest === '' || (rest !== close && close.startsWith(rest))) return false;
      if (close !== '' && rest.startsWith(close)) this.#held = rest.slice(close.length);
      this.#mayClose = false;
      return true;
    }
    if (isBare && !this.#hasContent) {
      // Several bare calls have semicolons between them.
      const start = /^[\s;]*/.exec(this.#held)![0].length;
      if (start === this.#held.length) return false;
      if (this.#held[start] === '{') return this.#open(this.#held.slice(0, start), start);
    }
    const at = this.#held.indexOf(open);
    if (at >= 0) {
      this.#add(this.#held.slice(0, at));
      return this.#open(this.#held.slice(at, at + open.length), at + open.length);
    }
    const numSure = this.#held.length - heldFor(this.#held, open);
    this.#add(this.#held.slice(0, numSure));
    this.#held = this.#held.slice(numSure);
    return false;
  }

  #open(raw: string, start: number): boolean {
    this.#raw = raw;
    this.#held = this.#held.slice(start);
    this.#numBefore = this.#calls.length;
    this.#body = callBody(this.family, { begin: this.#begin, arguments: this.#addArguments }, this.typeOf);
    return true;
  }

  #readBody(body: CallBody): boolean {
    let numRead = 0;
    let progress: ReturnType<CallBody['push']> = 'more';
    // By code units: marks and JSON's own characters are one each.
    while (numRead < this.#held.length && progress === 'more') progress = body.push(this.#held[numRead++]!);
    this.#raw += this.#held.slice(0, numRead);
    this.#held = this.#held.slice(numRead);
    if (progress === 'more') return false;
    this.#body = undefined;
    this.#mayClose = progress === 'end';
    if (progress === 'no-call' && this.#calls.length === this.#numBefore) this.#add(this.#raw);
    return true;
  }

  readonly #begin = (name: string): void => {
    const id = this.family.idLength ? newId('').slice(0, this.family.idLength) : newId('call_');
    this.#calls.push({ id, type: 'function', function: { name, arguments: '' } });
    const index = this.#calls.length - 1;
    this.#deltas.push({ index, id, type: 'function', function: { name, arguments: '' } });
  };

  readonly #addArguments = (text: string): void => {
    if (text === '') return;
    const index = this.#calls.length - 1;
    this.#calls[index]!.function.arguments += text;
    if (this.#deltas.at(-1)?.index !== index) this.#deltas.push({ index, function: { arguments: '' } });
    this.#deltas.at(-1)!.function.arguments! += text;
  };

  #add(text: string): void {
    const solid = text.trimEnd();
    if (solid === '') {
      this.#space += text;
      return;
    }
    this.#content += this.#space + solid;
    this.#hasContent = true;
    this.#space = text.slice(solid.length);
  }

  #take(): CallPiece {
    const calls = this.#deltas.filter(({ index }) => index < this.maxCalls);
    const piece = { content: this.#content, calls };
    this.#content = '';
    this.#deltas = [];
    return piece;
  }
}
