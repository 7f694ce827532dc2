/** Whether schemas have no value in common, as far as that is easily seen: then `oneOf` is `anyOf`. Pure. */
import { isJsonObject, type JsonObject } from '../util/json';
import { sameJson, typesOf, type Schema } from './schema-merge';

/** Whether no two of them have a value in common; false where that is not certain. */
export function areDisjoint(schemas: readonly Schema[]): boolean {
  return schemas.every((a, i) => schemas.slice(i + 1).every((b) => isDisjoint(a, b)));
}

function isDisjoint(a: Schema, b: Schema): boolean {
  if (a === false || b === false) return true;
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const [values, otherValues] = [valuesOf(a), valuesOf(b)];
  if (values && otherValues)
    return !values.some((value) => otherValues.some((other) => sameJson(value, other)));
  if (!shareType(a, b)) return true;
  // Objects that must have a field, which has other values in each of them, or which the other one has no place for.
  return tellsApart(a, b) || hasNoPlace(a, b) || hasNoPlace(b, a);
}

function valuesOf(schema: JsonObject): unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function shareType(a: JsonObject, b: JsonObject): boolean {
  const known = (schema: JsonObject): string[] => {
    const values = valuesOf(schema);
    const types = values ? values.map(typeOf) : typesOf(schema);
    return types.map((type) => (type === 'integer' ? 'number' : type));
  };
  const types = known(b);
  return known(a).some((type) => types.includes(type));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

const fieldsOf = (schema: JsonObject) => (isJsonObject(schema.properties) ? schema.properties : {});
const requiredOf = (schema: JsonObject): unknown[] => (Array.isArray(schema.required) ? schema.required : []);
const isObject = (schema: JsonObject) => schema.type === 'object';

function tellsApart(a: JsonObject, b: JsonObject): boolean {
  if (!isObject(a) || !isObject(b)) return false;
  const common = requiredOf(a).filter((name) => requiredOf(b).includes(name)) as string[];
  return common.some((name) => {
    const [field, other] = [fieldsOf(a)[name], fieldsOf(b)[name]];
    return field !== undefined && other !== undefined && isDisjoint(field as Schema, other as Schema);
  });
}

function hasNoPlace(a: JsonObject, b: JsonObject): boolean {
  if (!isObject(a) || !isObject(b) || b.additionalProperties !== false) return false;
  return (requiredOf(a) as string[]).some((name) => !Object.hasOwn(fieldsOf(b), name));
}
