/** Calls that are no JSON, read as a whole: elements, and `call:name{…}`. */

/** Types of a tool's parameters, for forms whose values are plain text: `undefined` where nothing is said. */
export type TypeOf = (tool: string, parameter: string) => unknown;

/** A call, its arguments as JSON text. */
interface Call {
  name: string;
  arguments: string;
}

/**
 * `<function=name><parameter=key>value</parameter>…</function>`. A value is a text as it stands where its parameter is one; else it
 * is JSON, or a text where it is none.
 */
export function parseElements(text: string, typeOf: TypeOf): Call | undefined {
  const name = /<function=([^>]*)>/.exec(text)?.[1]?.trim();
  if (!name) return undefined;
  const fields: [string, unknown][] = [];
  for (const [, key, value] of text.matchAll(/<parameter=([^>]*)>\n?([^]*?)\n?<\/parameter>/g)) {
    fields.push([key!.trim(), typeOf(name, key!.trim()) === 'string' ? value : jsonOr(value!)]);
  }
  return { name, arguments: JSON.stringify(Object.fromEntries(fields)) };
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** `call:name{key:value,…}`, whose strings stand between two `quote`. */
export function parseCallText(text: string, quote: string): Call | undefined {
  const match = /^\s*call:([^{\s]+)\s*(?=\{)/.exec(text);
  if (!match) return undefined;
  try {
    const value = new ValueReader(text.slice(match[0].length), quote).value();
    return { name: match[1]!, arguments: JSON.stringify(value) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Deeper values are no arguments. */
const maxDepth = 100;

/** Values between braces and brackets, their keys without quotes. */
class ValueReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly quote: string,
  ) {}

  value(depth = 0): unknown {
    if (depth > maxDepth) throw new SyntaxError('too deep');
    if (this.#skip(this.quote)) return this.#until(this.quote);
    if (this.#skip('{')) {
      const fields: [string, unknown][] = [];
      while (!this.#skip('}')) {
        const key = this.#skip(this.quote) ? this.#until(this.quote) : undefined;
        const name = this.#until(':').trim();
        fields.push([key ?? name, this.value(depth + 1)]);
        this.#skip(',');
      }
      return Object.fromEntries(fields);
    }
    if (this.#skip('[')) {
      const items: unknown[] = [];
      while (!this.#skip(']')) {
        items.push(this.value(depth + 1));
        this.#skip(',');
      }
      return items;
    }
    const [word] = /^[^,}\]]+/.exec(this.text.slice(this.#at)) ?? [];
    if (word === undefined) throw new SyntaxError('no value');
    this.#at += word.length;
    return jsonOr(word.trim());
  }

  #skip(mark: string): boolean {
    while (/\s/.test(this.text.charAt(this.#at))) this.#at++;
    if (!this.text.startsWith(mark, this.#at)) return false;
    this.#at += mark.length;
    return true;
  }

  #until(mark: string): string {
    const end = this.text.indexOf(mark, this.#at);
    if (end < 0) throw new SyntaxError('no end');
    const part = this.text.slice(this.#at, end);
    this.#at = end + mark.length;
    return part;
  }
}
