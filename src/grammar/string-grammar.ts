/** Strings of JSON that a schema allows. */
import type { JsonObject } from '../util/json';
import { formats } from './formats';
import type { GrammarNode } from './grammar';
import type { JsonGrammar } from './json-grammar';
import { regexGrammar, UnsupportedRegex } from './regex';
import { countOf } from './schema-keywords';
import { UnsupportedSchema } from './schema-merge';

/**
 * By `minLength` and `maxLength`, `pattern` or `format`. Beside a pattern a format is the annotation that JSON Schema takes it for: it is
 * what the pattern spells out.
 * @throws UnsupportedSchema
 */
export function stringGrammar(json: JsonGrammar, schema: JsonObject): GrammarNode {
  const { pattern, format } = schema;
  const least = countOf(schema, 'minLength', 0);
  const most = countOf(schema, 'maxLength', Infinity);
  if (pattern === undefined && format === undefined) {
    if (least === 0 && most === Infinity) return json.string;
    return json.quoted(json.builder.repeat(json.stringCharacter, least, most));
  }
  if (least > 0 || most < Infinity) {
    const keyword = pattern === undefined ? 'format' : 'pattern';
    throw new UnsupportedSchema(keyword, 'it cannot be followed together with a length');
  }
  if (pattern !== undefined) return json.quoted(patternGrammar(json, pattern));
  if (typeof format !== 'string' || !Object.hasOwn(formats, format))
    throw new UnsupportedSchema('format', `answers can be held to ${Object.keys(formats).join(', ')}`);
  return json.quoted(regexGrammar(formats[format]!, json.builder, (set) => json.inString(set)));
}

function patternGrammar(json: JsonGrammar, pattern: unknown): GrammarNode {
  if (typeof pattern !== 'string') throw new UnsupportedSchema('pattern', 'it must be a string');
  try {
    return regexGrammar(pattern, json.builder, (set) => json.inString(set), { isSearch: true });
  } catch (error) {
    if (error instanceof UnsupportedRegex) throw new UnsupportedSchema('pattern', error.message);
    throw error;
  }
}
