/** JSON Schemas put together: a schema that allows what two others both allow. Pure. */
import { isJsonObject, type JsonObject } from '../util/json';

/** A schema: an object of keywords, or whether anything is allowed. */
export type Schema = boolean | JsonObject;

/** A schema that cannot be followed; `keyword` is what it has. */
export class UnsupportedSchema extends Error {
  constructor(
    readonly keyword: string,
    reason: string,
  ) {
    super(reason);
  }
}

/** Keywords of which the larger, or the smaller, is meant. */
const larger = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const smaller = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
/** Keywords that say nothing of what is allowed. */
const annotations = new Set([
  ...['$schema', '$id', '$anchor', '$comment', '$defs', 'definitions', '$vocabulary', 'title', 'description'],
  ...[
    'default',
    'examples',
    'example',
    'deprecated',
    'readOnly',
    'writeOnly',
    'contentEncoding',
    'contentMediaType',
  ],
]);

/** A schema without what says nothing. */
export function withoutAnnotations(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => !annotations.has(keyword)));
}

/** Kinds of values, as `type` names them. */
const allTypes = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];

/** The types that a schema allows; an integer is a number too. */
export function typesOf({ type }: JsonObject): string[] {
  const types =
    type === undefined ? allTypes.filter((name) => name !== 'integer') : Array.isArray(type) ? type : [type];
  return types.map((name: unknown) => {
    if (typeof name !== 'string' || !allTypes.includes(name))
      throw new UnsupportedSchema('type', 'it must name types of JSON');
    return name;
  });
}

/** What both allow. @throws UnsupportedSchema for keywords that cannot be put together */
export function mergeSchemas(a: Schema, b: Schema): Schema {
  if (a === false || b === false) return false;
  if (a === true) return b;
  if (b === true) return a;
  const [first, second] = [withoutAnnotations(a), withoutAnnotations(b)];
  const hasConst = Object.hasOwn(first, 'const') && Object.hasOwn(second, 'const');
  if (hasConst && !sameJson(first.const, second.const)) return false;
  const merged: Record<string, unknown> = { ...first };
  for (const [keyword, value] of Object.entries(second)) {
    merged[keyword] = Object.hasOwn(first, keyword) ? mergeKeyword(keyword, first[keyword], value) : value;
  }
  return Object.assign(merged, mergeMembers(first, second), mergeItems(first, second));
}

function mergeKeyword(keyword: string, a: unknown, b: unknown): unknown {
  if (sameJson(a, b)) return a;
  if (larger.includes(keyword)) return Math.max(a as number, b as number);
  if (smaller.includes(keyword)) return Math.min(a as number, b as number);
  switch (keyword) {
    case 'type': {
      const [first, second] = [typesOf({ type: a }), typesOf({ type: b })];
      const isIn = (types: string[], name: string) =>
        types.includes(name) || (name === 'integer' && types.includes('number'));
      return [
        ...new Set([
          ...first.filter((name) => isIn(second, name)),
          ...second.filter((name) => isIn(first, name)),
        ]),
      ];
    }
    case 'enum':
      return listOf(a).filter((value) => listOf(b).some((other) => sameJson(value, other)));
    case 'required':
      return [...new Set([...listOf(a), ...listOf(b)])];
    case 'multipleOf':
      if (!isCount(a) || !isCount(b))
        throw new UnsupportedSchema(keyword, 'two of them must be whole numbers');
      return (a / greatestDivisor(a, b)) * b;
    case 'anyOf':
    case 'oneOf':
    case 'allOf':
      return { [merges]: [a, b] };
    case 'properties':
    case 'additionalProperties':
    case 'items':
    case 'additionalItems':
    case 'prefixItems':
      // With the keywords that they belong to, below.
      return a;
    default:
      throw new UnsupportedSchema(keyword, 'two of them cannot be put together');
  }
}

/** Stands for several values of one keyword, all of which hold. */
const merges = 'all of these';

/** The values of a keyword that may stand there several times. */
export function severalOf(value: unknown): unknown[] {
  return isJsonObject(value) && Array.isArray(value[merges])
    ? (value[merges] as unknown[]).flatMap(severalOf)
    : [value];
}

function mergeMembers(a: JsonObject, b: JsonObject): JsonObject {
  const isAbout = (schema: JsonObject) => 'properties' in schema || 'additionalProperties' in schema;
  if (!isAbout(a) || !isAbout(b)) return {};
  const [first, second] = [membersOf(a), membersOf(b)];
  const names = [...new Set([...Object.keys(first.properties), ...Object.keys(second.properties)])];
  const properties = names.map((name): [string, Schema] => [
    name,
    mergeSchemas(propertyOf(first, name), propertyOf(second, name)),
  ]);
  return {
    properties: Object.fromEntries(properties),
    additionalProperties: mergeSchemas(first.others, second.others),
  };
}

function membersOf({ properties = {}, additionalProperties = true }: JsonObject) {
  return { properties: properties as Record<string, Schema>, others: additionalProperties as Schema };
}

function propertyOf({ properties, others }: ReturnType<typeof membersOf>, name: string): Schema {
  return Object.hasOwn(properties, name) ? properties[name]! : others;
}

function mergeItems(a: JsonObject, b: JsonObject): JsonObject {
  const isAbout = (schema: JsonObject) => 'items' in schema || 'prefixItems' in schema;
  if (!isAbout(a) || !isAbout(b)) return {};
  const [first, second] = [itemsOf(a), itemsOf(b)];
  const length = Math.max(first.prefix.length, second.prefix.length);
  const prefix = Array.from({ length }, (_, i) =>
    mergeSchemas(first.prefix[i] ?? first.rest, second.prefix[i] ?? second.rest),
  );
  return { ...(length > 0 && { prefixItems: prefix }), items: mergeSchemas(first.rest, second.rest) };
}

function itemsOf({ prefixItems = [], items = true, additionalItems = true }: JsonObject): {
  prefix: Schema[];
  rest: Schema;
} {
  // Draft 7 has the first items as a list under `items`.
  if (Array.isArray(items)) return { prefix: items as Schema[], rest: additionalItems as Schema };
  return { prefix: prefixItems as Schema[], rest: items as Schema };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Whether two values of JSON are the same; the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => sameJson(item, b[i]))
    );
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]))
  );
}
