/** Reads JSON from an answer that may have words around it, a code fence, or no end. Pure. */

/**
 * The first JSON value (object or array) in the text. Of one that breaks off or goes wrong, what came before: complete members of
 * objects and complete items of arrays. Undefined when there is none.
 */
export function readLooseJson(text: string): unknown {
  const start = text.search(/[[{]/);
  return start < 0 ? undefined : new LooseReader(text, start).value();
}

class LooseReader {
  #at: number;

  constructor(
    private readonly text: string,
    start: number,
  ) {
    this.#at = start;
  }

  /** The value that begins here; undefined when none does, and nothing after it can be read. */
  value(): unknown {
    this.#skipSpace();
    switch (this.text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      default:
        return this.#word();
    }
  }

  #object(): Record<string, unknown> {
    const members: [string, unknown][] = [];
    this.#at++;
    while (!this.#takes('}')) {
      this.#skipSpace();
      const key = this.text[this.#at] === '"' ? this.#string() : undefined;
      if (key === undefined || !this.#takes(':')) break;
      const value = this.value();
      if (value === undefined) break;
      members.push([key, value]);
      if (!this.#takes(',') && this.#peek() !== '}') break;
    }
    return Object.fromEntries(members);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    while (!this.#takes(']')) {
      const value = this.value();
      if (value === undefined) break;
      items.push(value);
      if (!this.#takes(',') && this.#peek() !== ']') break;
    }
    return items;
  }

  #string(): string | undefined {
    const match = /"(?:[^"\\]|\\.)*"/suy;
    match.lastIndex = this.#at;
    const found = match.exec(this.text)?.[0];
    if (found === undefined) {
      this.#at = this.text.length;
      return undefined;
    }
    this.#at += found.length;
    try {
      return JSON.parse(found.replace(/[\n\r\t]/g, ' ')) as string;
    } catch {
      // An escape that JSON does not know: the characters as they stand.
      return found.slice(1, -1);
    }
  }

  /** A number, true, false or null. */
  #word(): unknown {
    const match = /[-+.\w]+/y;
    match.lastIndex = this.#at;
    const found = match.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.#at += found.length;
    if (found === 'null') return null;
    if (found === 'true' || found === 'false') return found === 'true';
    const value = Number(found);
    return Number.isFinite(value) ? value : undefined;
  }

  #takes(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #peek(): string | undefined {
    this.#skipSpace();
    return this.text[this.#at];
  }

  #skipSpace(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at++;
  }
}
