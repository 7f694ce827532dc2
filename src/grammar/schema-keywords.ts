/** Which keywords of JSON Schema can be followed. Data. */
import { isJsonObject, type JsonObject } from '../util/json';
import { UnsupportedSchema } from './schema-merge';

const followed = new Set([
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'enum', 'const', 'type'],
  ...['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  ...['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems'],
  ...['minLength', 'maxLength', 'pattern', 'format'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

const isEmpty = (value: unknown): boolean => isJsonObject(value) && Object.keys(value).length === 0;

/** Keywords that are not followed, and which of their values ask for nothing. */
const neutral: Readonly<Record<string, (value: unknown) => boolean>> = {
  uniqueItems: (value) => value === false,
  patternProperties: isEmpty,
  dependentRequired: isEmpty,
  dependentSchemas: isEmpty,
  dependencies: isEmpty,
  propertyNames: (value) =>
    value === true ||
    isEmpty(value) ||
    (isJsonObject(value) && value.type === 'string' && Object.keys(value).length === 1),
  unevaluatedProperties: (value) => value === true,
  unevaluatedItems: (value) => value === true,
  nullable: (value) => value === false,
};

/** @throws UnsupportedSchema for the first keyword that cannot be followed */
export function checkKeywords(schema: JsonObject): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (followed.has(keyword) || keyword.startsWith('x-')) continue;
    // Without a condition they say nothing.
    if ((keyword === 'then' || keyword === 'else') && !Object.hasOwn(schema, 'if')) continue;
    if (Object.hasOwn(neutral, keyword) && neutral[keyword]!(value)) continue;
    throw new UnsupportedSchema(keyword, 'answers cannot be held to it');
  }
}

/** A count among the keywords. @throws UnsupportedSchema */
export function countOf(schema: JsonObject, keyword: string, none: number): number {
  const value = schema[keyword];
  if (value === undefined) return none;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
    throw new UnsupportedSchema(keyword, 'it must be a whole number of 0 or more');
  return value;
}
