/** What stands between the marks of a call, read character by character: one body for each form. */
import { CallObject, JsonSpan, type Progress } from './call-object';
import { parseCallText, parseElements, type TypeOf } from './call-text';
import type { ToolFamily } from './families';

/** Is told of calls as they come. */
interface CallSink {
  begin(name: string): void;
  arguments(text: string): void;
}

/** A body that is being read. */
export interface CallBody {
  /** Takes a character; after `end` or `no-call` the body is over. */
  push(character: string): Progress;
}

/** A body of the family's form. */
export function callBody({ form, close, quote = '' }: ToolFamily, sink: CallSink, typeOf: TypeOf): CallBody {
  switch (form) {
    case 'object':
      return new ObjectBody(sink);
    case 'list':
      return new ListBody(sink);
    case 'list-or-name':
      return new ListOrNameBody(sink);
    case 'elements':
      return new TextBody(sink, close, (text) => parseElements(text, typeOf));
    case 'call':
      return new TextBody(sink, close, (text) => parseCallText(text, quote));
  }
}

/** One object. */
class ObjectBody implements CallBody {
  readonly #call = new CallObject();
  #hasBegun = false;

  constructor(private readonly sink: CallSink) {}

  push(character: string): Progress {
    const progress = this.#call.push(character);
    const { name } = this.#call;
    if (progress === 'no-call' || !name) return progress;
    if (!this.#hasBegun) this.sink.begin(name);
    this.#hasBegun = true;
    this.sink.arguments(this.#call.take());
    return progress;
  }
}

/** A list of objects. */
class ListBody implements CallBody {
  #isOpen = false;
  #object: ObjectBody | undefined;

  constructor(private readonly sink: CallSink) {}

  push(character: string): Progress {
    if (!this.#isOpen) {
      if (character === '[') this.#isOpen = true;
      else if (character.trim() !== '') return 'no-call';
      return 'more';
    }
    if (!this.#object) {
      if (character === ']') return 'end';
      if (character === ',' || character.trim() === '') return 'more';
      this.#object = new ObjectBody(this.sink);
    }
    const progress = this.#object.push(character);
    if (progress === 'end') this.#object = undefined;
    return progress === 'end' ? 'more' : progress;
  }
}

/** Mistral's older form, a list, or the newer one: `name[ARGS]{…}`, maybe with `[CALL_ID]…` before the arguments. */
class ListOrNameBody implements CallBody {
  #list: ListBody | undefined;
  #name = '';
  #span: JsonSpan | undefined;

  constructor(private readonly sink: CallSink) {}

  push(character: string): Progress {
    if (this.#name === '' && !this.#span && !this.#list) {
      if (character.trim() === '') return 'more';
      if (character === '[') this.#list = new ListBody(this.sink);
    }
    if (this.#list) return this.#list.push(character);
    if (!this.#span) {
      if (character !== '{') {
        this.#name += character;
        return 'more';
      }
      const [name] = this.#name.split('[', 1);
      if (name!.trim() === '') return 'no-call';
      this.#span = new JsonSpan();
      this.sink.begin(name!.trim());
    }
    this.#span.push(character);
    this.sink.arguments(character);
    return this.#span.isTop ? 'end' : 'more';
  }
}

/** Text that is read as a whole when its closing mark has come. */
class TextBody implements CallBody {
  #text = '';

  constructor(
    private readonly sink: CallSink,
    private readonly close: string,
    private readonly parse: (text: string) => { name: string; arguments: string } | undefined,
  ) {}

  push(character: string): Progress {
    this.#text += character;
    if (!this.#text.endsWith(this.close)) return 'more';
    const call = this.parse(this.#text.slice(0, -this.close.length));
    if (!call) return 'no-call';
    this.sink.begin(call.name);
    this.sink.arguments(call.arguments);
    return 'end';
  }
}
