/**
 * JSON Schema (2020-12, and what draft 7 has otherwise) as a grammar: every text that follows it is JSON that the schema allows. Not
 * every such JSON follows it: keys come in the schema's order, and numbers have at most 15 digits before and behind the point.
 */
import { isJsonObject, type JsonObject } from '../util/json';
import { arrayGrammar } from './array-grammar';
import { Automaton } from './automaton';
import { GrammarTooLarge, type GrammarNode } from './grammar';
import type { JsonGrammar } from './json-grammar';
import { integerBetween, multiplesOf, numberBetween, wholeBounds, type NumberBounds } from './number-grammar';
import { objectGrammar } from './object-grammar';
import { checkKeywords } from './schema-keywords';
import { areDisjoint } from './schema-disjoint';
import {
  mergeSchemas,
  sameJson,
  severalOf,
  typesOf,
  UnsupportedSchema,
  withoutAnnotations,
  type Schema,
} from './schema-merge';
import { stringGrammar } from './string-grammar';

/** References to references. */
const maxReferences = 100;
/** Whole numbers that are listed one by one. */
const maxListed = 2000;
/** Larger divisors would have as many states. */
const maxDivisor = 100;

/**
 * The grammar of a schema.
 * @param root the schema that references point into
 * @throws UnsupportedSchema naming a keyword
 */
export function schemaGrammar(json: JsonGrammar, schema: unknown, root = schema): GrammarNode {
  try {
    return new SchemaCompiler(json, root as Schema).compile(schema as Schema);
  } catch (error) {
    if (error instanceof GrammarTooLarge) throw new UnsupportedSchema('schema', error.message);
    throw error;
  }
}

class SchemaCompiler {
  /** By their text: references come to the same schema again and again. */
  readonly #known = new Map<string, GrammarNode>();

  constructor(
    private readonly json: JsonGrammar,
    private readonly root: Schema,
  ) {}

  readonly compile = (schema: Schema): GrammarNode => {
    const { builder, value } = this.json;
    if (schema === true) return value;
    if (schema === false) return builder.never;
    if (!isJsonObject(schema)) throw new UnsupportedSchema('schema', 'it must be an object, true or false');
    const keywords = withoutAnnotations(schema);
    const key = JSON.stringify(keywords);
    const known = this.#known.get(key);
    if (known) return known;
    const place = builder.later();
    this.#known.set(key, place);
    place.target = this.#compile(keywords);
    // What is already whole need not be reached by way of its place.
    this.#known.set(key, place.target);
    return place.target;
  };

  #compile(schema: JsonObject): GrammarNode {
    checkKeywords(schema);
    const { $ref, allOf, anyOf, oneOf, ...rest } = schema;
    if ($ref !== undefined) return this.compile(mergeSchemas(this.#resolve($ref), others(schema, '$ref')));
    if (allOf !== undefined) {
      const all = severalOf(allOf).flatMap((list) => schemasOf(list, 'allOf'));
      const merged = all.reduce<Schema>(
        (sum, part) => mergeSchemas(sum, this.#direct(part)),
        others(schema, 'allOf'),
      );
      return this.compile(merged);
    }
    if (anyOf !== undefined) return this.#any(anyOf, 'anyOf', others(schema, 'anyOf'));
    if (oneOf !== undefined) return this.#any(oneOf, 'oneOf', others(schema, 'oneOf'));
    if (rest.enum !== undefined || Object.hasOwn(rest, 'const')) return this.#values(rest);
    return this.json.builder.choice(...typesIn(rest).map((type) => this.#ofType(type, rest)));
  }

  /** A schema that is not just a reference. */
  #direct(schema: Schema, numReferences = 0): Schema {
    if (!isJsonObject(schema) || schema.$ref === undefined) return schema;
    if (numReferences > maxReferences) throw new UnsupportedSchema('$ref', 'it refers to itself');
    return mergeSchemas(this.#direct(this.#resolve(schema.$ref), numReferences + 1), others(schema, '$ref'));
  }

  #any(value: unknown, keyword: string, rest: JsonObject): GrammarNode {
    const [first, ...more] = severalOf(value);
    const parts = schemasOf(first, keyword).map((part) => this.#direct(part));
    if (keyword === 'oneOf' && !areDisjoint(parts)) {
      throw new UnsupportedSchema('oneOf', 'a value may match several of its schemas; use "anyOf"');
    }
    const common = more.reduce<Schema>((sum, list) => mergeSchemas(sum, { [keyword]: list }), rest);
    return this.json.builder.choice(...parts.map((part) => this.compile(mergeSchemas(part, common))));
  }

  #values(schema: JsonObject): GrammarNode {
    const { builder } = this.json;
    const { enum: list, const: constant, ...rest } = schema;
    if (list !== undefined && !Array.isArray(list)) throw new UnsupportedSchema('enum', 'it must be a list');
    const isConst = Object.hasOwn(schema, 'const');
    const values: unknown[] = list ?? [constant];
    const candidates = isConst ? values.filter((value) => sameJson(value, constant)) : values;
    const texts = candidates.flatMap((value) => this.json.write(value) ?? []);
    if (Object.keys(rest).length === 0) return builder.choice(...texts.map((text) => builder.text(text)));
    // What else the schema says holds for them too.
    const automaton = new Automaton(builder, this.compile(rest));
    return builder.choice(
      ...texts.filter((text) => accepts(automaton, text)).map((text) => builder.text(text)),
    );
  }

  #ofType(type: string, schema: JsonObject): GrammarNode {
    const { json } = this;
    switch (type) {
      case 'null':
        return json.builder.text('null');
      case 'boolean':
        return json.builder.choice(json.builder.text('true'), json.builder.text('false'));
      case 'string':
        return stringGrammar(json, schema);
      case 'array':
        return arrayGrammar(json, schema, this.compile);
      case 'object':
        return objectGrammar(json, schema, this.compile);
      default:
        return this.#number(schema, type === 'integer');
    }
  }

  #number(schema: JsonObject, isInteger: boolean): GrammarNode {
    const bounds = boundsOf(schema);
    const { multipleOf: divisor } = schema;
    if (divisor === undefined) return (isInteger ? integerBetween : numberBetween)(this.json, bounds);
    if (typeof divisor !== 'number' || !(divisor > 0))
      throw new UnsupportedSchema('multipleOf', 'it must be a number above 0');
    if (!Number.isInteger(divisor)) throw new UnsupportedSchema('multipleOf', 'it must be a whole number');
    const [low, high] = wholeBounds(bounds);
    if ((high - low) / divisor <= maxListed) {
      const { builder } = this.json;
      const texts = [];
      for (let value = Math.ceil(low / divisor) * divisor; value <= high; value += divisor)
        texts.push(String(value + 0));
      return builder.choice(...texts.map((text) => builder.text(text)));
    }
    if (bounds.least !== -Infinity || bounds.most !== Infinity)
      throw new UnsupportedSchema('multipleOf', 'it goes with no bounds, or with close ones');
    if (divisor > maxDivisor) throw new UnsupportedSchema('multipleOf', `it must be at most ${maxDivisor}`);
    return multiplesOf(this.json, divisor);
  }

  #resolve(reference: unknown): Schema {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) {
      throw new UnsupportedSchema('$ref', 'it must point into the same schema, as "#/$defs/name" does');
    }
    let target: unknown = this.root;
    for (const part of reference.slice(1).split('/').slice(1)) {
      const name = unescaped(part);
      const isThere = (isJsonObject(target) || Array.isArray(target)) && Object.hasOwn(target, name);
      if (!isThere) throw new UnsupportedSchema('$ref', 'it points to nothing');
      target = (target as JsonObject)[name];
    }
    return target as Schema;
  }
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}

function others(schema: JsonObject, keyword: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== keyword));
}

function schemasOf(value: unknown, keyword: string): Schema[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new UnsupportedSchema(keyword, 'it must be a list of schemas');
  return value as Schema[];
}

/** Keywords that only say something of one type; a schema without `type` that has some means that type. */
const keywordsOf: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  array: ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

function typesIn(schema: JsonObject): string[] {
  if (schema.type !== undefined) {
    const types = typesOf(schema);
    return types.filter((type) => type !== 'integer' || !types.includes('number'));
  }
  const meant = Object.keys(keywordsOf).filter((type) => keywordsOf[type]!.some((name) => name in schema));
  return meant.length > 0 ? meant : typesOf(schema);
}

function boundsOf(schema: JsonObject): NumberBounds {
  const bound = (keyword: string, none: number): number => {
    const value = schema[keyword];
    if (value === undefined) return none;
    if (typeof value !== 'number') throw new UnsupportedSchema(keyword, 'it must be a number');
    return value;
  };
  const [least, above] = [bound('minimum', -Infinity), bound('exclusiveMinimum', -Infinity)];
  const [most, below] = [bound('maximum', Infinity), bound('exclusiveMaximum', Infinity)];
  return {
    least: Math.max(least, above),
    most: Math.min(most, below),
    isLeastOut: above >= least && above !== -Infinity,
    isMostOut: below <= most && below !== Infinity,
  };
}

/** Whether a text follows a grammar to its end. */
export function accepts(automaton: Automaton, text: string): boolean {
  let state: Automaton['initial'] | undefined = automaton.initial;
  for (const byte of new TextEncoder().encode(text)) {
    state = automaton.step(state, byte);
    if (!state) return false;
  }
  return state.mayEnd;
}
