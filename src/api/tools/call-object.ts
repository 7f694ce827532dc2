/** A call as a JSON object, `{"name": …, "arguments": {…}}`, read character by character, so that arguments stream. */

/** Keys that the arguments may have, whatever a family usually writes. */
const argumentsKeys = ['arguments', 'parameters'];
/** Keys that a call begins with; an object with another first key is an object that the answer consists of. */
const firstKeys = [...argumentsKeys, 'name', 'type', 'id'];

/** Where a character left the object. */
export type Progress = 'more' | 'end' | 'no-call';

/** One value of JSON, whose end is found as it comes. */
export class JsonSpan {
  #depth = 0;
  #isString = false;
  #isEscaped = false;

  /** Whether the next character is outside every string, list and object. */
  get isTop(): boolean {
    return this.#depth === 0 && !this.#isString;
  }

  /** Takes a character of it. */
  push(character: string): void {
    if (this.#isString) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#isString = false;
    } else if (character === '"') this.#isString = true;
    else if (character === '{' || character === '[') this.#depth++;
    else if (character === '}' || character === ']') this.#depth--;
  }
}

/** Reads one call. `take` gives the arguments' text as far as it has come, once the name is known. */
export class CallObject {
  #state: 'begin' | 'key' | 'colon' | 'value' = 'begin';
  #span = new JsonSpan();
  #text = '';
  #key: string | undefined;
  #isFirstKey = true;
  #arguments = '';
  #hasArguments = false;
  /** What the call is called; undefined until that has come. */
  name: string | undefined;

  /** Takes a character; after `end` or `no-call` the object is over. */
  push(character: string): Progress {
    switch (this.#state) {
      case 'begin':
        if (character === '{') this.#state = 'key';
        else if (character.trim() !== '') return 'no-call';
        return 'more';
      case 'key':
        return this.#pushKey(character);
      case 'colon':
        if (character === ':') this.#state = 'value';
        else if (character.trim() !== '') return 'no-call';
        return 'more';
      case 'value':
        return this.#pushValue(character);
    }
  }

  /** Arguments that have come since the last time; '' before the name is known. */
  take(): string {
    if (this.name === undefined) return '';
    const text = this.#arguments;
    this.#arguments = '';
    return text;
  }

  #pushKey(character: string): Progress {
    if (this.#text === '') {
      if (character === '}') return this.#end();
      if (character === '"') this.#begin(character);
      else if (character !== ',' && character.trim() !== '') return 'no-call';
      return 'more';
    }
    this.#add(character);
    if (!this.#span.isTop) return 'more';
    this.#key = textOf(this.#text);
    this.#text = '';
    if (this.#isFirstKey && !firstKeys.includes(this.#key)) return 'no-call';
    this.#isFirstKey = false;
    this.#state = 'colon';
    return 'more';
  }

  #pushValue(character: string): Progress {
    if (this.#text === '') {
      if (character.trim() !== '') this.#begin(character);
      else return 'more';
    } else if (this.#span.isTop && (character === ',' || character === '}')) {
      this.#endValue();
      this.#state = 'key';
      return character === '}' ? this.#end() : 'more';
    } else if (this.#span.isTop && character.trim() === '') {
      return 'more';
    } else this.#add(character);
    // Arguments in a string, which some models write, are passed on as what the string says.
    if (this.#isArguments && !this.#text.startsWith('"')) this.#arguments += character;
    return 'more';
  }

  get #isArguments(): boolean {
    return !this.#hasArguments && argumentsKeys.includes(this.#key ?? '');
  }

  #begin(character: string): void {
    this.#text = character;
    this.#span = new JsonSpan();
    this.#span.push(character);
  }

  #add(character: string): void {
    this.#text += character;
    this.#span.push(character);
  }

  #endValue(): void {
    if (this.#key === 'name' && this.name === undefined) this.name = textOf(this.#text.trimEnd());
    else if (this.#isArguments) {
      if (this.#text.startsWith('"')) this.#arguments = textOf(this.#text.trimEnd());
      this.#hasArguments = true;
    }
    this.#text = '';
  }

  #end(): Progress {
    if (this.name === undefined || this.name === '') return 'no-call';
    if (!this.#hasArguments) this.#arguments = '{}';
    return 'end';
  }
}

/** What a JSON string says; the text itself where it is no string. */
function textOf(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : json;
  } catch {
    return json;
  }
}
