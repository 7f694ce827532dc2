/** The arguments of a call as elements, `<parameter=key>value</parameter>`: texts as they are, all else as JSON. */
import { isJsonObject } from '../util/json';
import { codePoints, complement } from './code-points';
import type { GrammarNode } from './grammar';
import { JsonGrammar } from './json-grammar';
import { schemaGrammar } from './json-schema';
import { UnsupportedSchema, withoutAnnotations } from './schema-merge';
import { textUpTo } from './text-up-to';

const end = '</parameter>';
const followed = ['type', 'properties', 'required', 'additionalProperties'];

/**
 * Elements for the properties of a schema in its order, and no others; any elements where it has no `properties` and does not forbid
 * others. @throws UnsupportedSchema naming a keyword
 */
export function elementsGrammar(json: JsonGrammar, schema: unknown): GrammarNode {
  const { builder } = json;
  const texts = new JsonGrammar(builder, '');
  const keywords = isJsonObject(schema) ? withoutAnnotations(schema) : {};
  const other = Object.keys(keywords).find((keyword) => !followed.includes(keyword));
  if (other !== undefined) throw new UnsupportedSchema(other, 'these arguments are named one by one');
  const { properties = {}, required = [], additionalProperties = true } = keywords;
  if (keywords.properties === undefined && additionalProperties === true) {
    const name = builder.repeat(builder.character(complement(codePoints([0x3e, 0x3e]))), 1);
    const begun = builder.sequence(builder.text('<parameter='), name, builder.text('>\n'));
    return builder.repeat(builder.sequence(begun, textUpTo(builder, end), builder.text('\n')));
  }
  if (!isJsonObject(properties)) throw new UnsupportedSchema('properties', 'it must be an object');
  if (!Array.isArray(required)) throw new UnsupportedSchema('required', 'it must be a list of names');
  const names = [...new Set([...Object.keys(properties), ...(required as string[])])];
  return builder.sequence(
    ...names.map((name) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : true;
      const begin = builder.text(`<parameter=${name}>\n`);
      // As whoever reads the call takes it: the type is said there, or nowhere.
      const isText = isJsonObject(property) && property.type === 'string';
      const value = schemaGrammar(isText ? texts : json, property, schema);
      const rest =
        value === texts.string ? textUpTo(builder, end) : builder.sequence(value, builder.text(`\n${end}`));
      const element = builder.sequence(begin, rest, builder.text('\n'));
      return required.includes(name) ? element : builder.optional(element);
    }),
  );
}
