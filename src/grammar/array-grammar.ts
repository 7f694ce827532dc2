/** Arrays of JSON that a schema allows. */
import type { JsonObject } from '../util/json';
import type { GrammarNode } from './grammar';
import type { JsonGrammar } from './json-grammar';
import { countOf } from './schema-keywords';
import { UnsupportedSchema, type Schema } from './schema-merge';

/** By `prefixItems`, `items`, `minItems` and `maxItems`; draft 7 has `items` as a list, and `additionalItems`. @throws UnsupportedSchema */
export function arrayGrammar(
  json: JsonGrammar,
  schema: JsonObject,
  compile: (schema: Schema) => GrammarNode,
): GrammarNode {
  const isDraft7 = Array.isArray(schema.items);
  const prefix = (isDraft7 ? schema.items : (schema.prefixItems ?? [])) as Schema[];
  if (!Array.isArray(prefix)) throw new UnsupportedSchema('prefixItems', 'it must be a list of schemas');
  const rest = ((isDraft7 ? schema.additionalItems : schema.items) ?? true) as Schema;
  const least = countOf(schema, 'minItems', 0);
  const most = countOf(schema, 'maxItems', Infinity);
  const { builder, comma } = json;
  const item = compile(rest);
  // From the end: what may follow when so many are there.
  const numPrefix = Math.min(prefix.length, most);
  const more = item === builder.never || most === numPrefix ? builder.never : builder.sequence(comma, item);
  let tail = builder.repeat(more, Math.max(least - numPrefix, 0), Math.max(most - numPrefix, 0));
  if (numPrefix === 0)
    return json.enclosed('[', json.list(item, least, item === builder.never ? 0 : most), ']');
  for (let i = numPrefix - 1; i >= 0; i--) {
    const here = builder.sequence(...(i > 0 ? [comma] : []), compile(prefix[i]!), tail);
    tail = i >= least ? builder.optional(here) : here;
  }
  return json.enclosed('[', tail, ']');
}
