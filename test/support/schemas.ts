/** JSON schemas as applications write them, and corners of the specification: what answers are held to in tests. */

/** A schema by name. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: object | boolean;
}

const object = (properties: Record<string, object>, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const text = { type: 'string' };
const short = { type: 'string', maxLength: 6 };
const digit = { type: 'integer', minimum: 0, maximum: 9 };
const flag = { type: 'boolean' };

/** All of them have answers that are short enough to come by chance. */
export const schemas: readonly NamedSchema[] = [
  { name: 'a boolean', schema: flag },
  { name: 'null', schema: { type: 'null' } },
  { name: 'an integer', schema: { type: 'integer' } },
  { name: 'a digit', schema: digit },
  { name: 'a negative range', schema: { type: 'integer', minimum: -12, maximum: -3 } },
  { name: 'exclusive bounds', schema: { type: 'integer', exclusiveMinimum: 3, exclusiveMaximum: 6 } },
  { name: 'a number', schema: { type: 'number' } },
  { name: 'a number between', schema: { type: 'number', minimum: 0.5, maximum: 2.5 } },
  { name: 'a multiple', schema: { type: 'integer', multipleOf: 7, minimum: 0, maximum: 70 } },
  { name: 'a string', schema: text },
  { name: 'a short string', schema: short },
  { name: 'a string of three', schema: { type: 'string', minLength: 3, maxLength: 3 } },
  { name: 'a long enough string', schema: { type: 'string', minLength: 2 } },
  { name: 'an empty string', schema: { type: 'string', maxLength: 0 } },
  { name: 'an enumeration', schema: { enum: ['red', 'green', 'blue'] } },
  { name: 'an enumeration with a common beginning', schema: { enum: ['a', 'ab', 'abc'] } },
  { name: 'a mixed enumeration', schema: { enum: [1, 'one', null, true, [1], { a: 1 }] } },
  { name: 'a constant', schema: { const: 'yes' } },
  { name: 'a constant object', schema: { const: { a: [1, 2, { b: null }] } } },
  { name: 'an enumeration with escapes', schema: { enum: ['a"b', 'c\\d', 'e\nf', 'ü', '€', '😀'] } },
  { name: 'a list of digits', schema: { type: 'array', items: digit } },
  { name: 'a list of two', schema: { type: 'array', items: flag, minItems: 2, maxItems: 2 } },
  { name: 'an empty list', schema: { type: 'array', maxItems: 0 } },
  {
    name: 'a list of at least one',
    schema: { type: 'array', items: { enum: ['x', 'y'] }, minItems: 1, maxItems: 4 },
  },
  { name: 'a tuple', schema: { type: 'array', prefixItems: [flag, digit], items: false, minItems: 2 } },
  {
    name: 'a tuple with a rest',
    schema: { type: 'array', prefixItems: [{ const: 'head' }], items: digit, minItems: 1 },
  },
  {
    name: 'multiples put together',
    schema: { type: 'integer', allOf: [{ multipleOf: 4 }, { multipleOf: 6 }] },
  },
  { name: 'a consequence without a condition', schema: { ...digit, then: { const: 'x' }, else: false } },
  {
    name: 'lists of lists',
    schema: { type: 'array', items: { type: 'array', items: flag, maxItems: 2 }, maxItems: 2 },
  },
  { name: 'an object', schema: object({ name: short, age: digit }) },
  {
    name: 'an object without required',
    schema: { type: 'object', properties: { a: flag, b: digit }, additionalProperties: false },
  },
  {
    name: 'an object with one required',
    schema: {
      type: 'object',
      properties: { a: flag, b: digit },
      required: ['b'],
      additionalProperties: false,
    },
  },
  { name: 'an empty object', schema: { type: 'object', additionalProperties: false } },
  { name: 'a map', schema: { type: 'object', additionalProperties: digit, maxProperties: 2 } },
  {
    name: 'a map of at least one',
    schema: { type: 'object', additionalProperties: flag, minProperties: 1, maxProperties: 2 },
  },
  { name: 'nested objects', schema: object({ a: object({ b: object({ c: flag }) }) }) },
  {
    name: 'objects in a list',
    schema: object({ items: { type: 'array', items: object({ id: digit, ok: flag }), maxItems: 2 } }),
  },
  {
    name: 'required beyond the properties',
    schema: { type: 'object', properties: { a: flag }, required: ['a', 'b'], additionalProperties: digit },
  },
  { name: 'keys with escapes', schema: object({ 'a"b': flag, ü: flag }) },
  { name: 'any of two types', schema: { anyOf: [digit, flag] } },
  {
    name: 'any of two objects',
    schema: {
      anyOf: [object({ kind: { const: 'a' }, x: digit }), object({ kind: { const: 'b' }, y: flag })],
    },
  },
  { name: 'one of two constants', schema: { oneOf: [{ const: 'left' }, { const: 'right' }] } },
  { name: 'one of two objects', schema: { oneOf: [object({ cat: short }), object({ dog: digit })] } },
  { name: 'several types', schema: { type: ['integer', 'null', 'boolean'] } },
  {
    name: 'nullable in an object',
    schema: object({
      a: { type: ['string', 'null'], maxLength: 4 },
      b: { anyOf: [digit, { type: 'null' }] },
    }),
  },
  { name: 'all of', schema: { allOf: [{ type: 'integer', minimum: 3 }, { maximum: 8 }] } },
  {
    name: 'all of objects',
    schema: {
      allOf: [
        { type: 'object', properties: { a: flag }, required: ['a'] },
        { properties: { b: digit }, required: ['b'] },
      ],
      type: 'object',
      maxProperties: 2,
    },
  },
  {
    name: 'a reference',
    schema: { $ref: '#/$defs/point', $defs: { point: object({ x: digit, y: digit }) } },
  },
  {
    name: 'a recursion',
    schema: {
      $ref: '#/$defs/tree',
      $defs: {
        tree: object({ v: digit, kids: { type: 'array', items: { $ref: '#/$defs/tree' }, maxItems: 2 } }),
      },
    },
  },
  {
    name: 'a linked list',
    schema: {
      $defs: { node: object({ v: flag, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }) },
      $ref: '#/$defs/node',
    },
  },
  {
    name: 'definitions of draft 7',
    schema: { definitions: { d: digit }, type: 'array', items: { $ref: '#/definitions/d' }, maxItems: 3 },
  },
  { name: 'a pattern', schema: { type: 'string', pattern: '^[A-Z]{2}-\\d{1,3}$' } },
  { name: 'a pattern with quotes', schema: { type: 'string', pattern: '^["\\\\\\n]{1,4}$' } },
  { name: 'a pattern with any end', schema: { type: 'string', pattern: '^x' } },
  ...['date', 'time', 'date-time', 'email', 'hostname', 'ipv4', 'uri', 'uuid'].map((format) => ({
    name: `a string of the format ${format}`,
    schema: { type: 'string', format },
  })),
  { name: 'an open number', schema: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 } },
  { name: 'a negative number', schema: { type: 'number', minimum: -2.5, exclusiveMaximum: 0 } },
  { name: 'a free multiple', schema: { type: 'integer', multipleOf: 6 } },
  {
    name: 'both of two choices',
    schema: { allOf: [{ anyOf: [{ const: 1 }, { const: 2 }] }, { anyOf: [{ const: 2 }, { const: 3 }] }] },
  },
  { name: 'an enumeration within bounds', schema: { enum: [1, 5, 'x', 12], type: 'integer', maximum: 10 } },
  {
    name: 'closed objects put together',
    schema: { allOf: [object({ a: flag }), { type: 'object', properties: { a: { const: true } } }] },
  },
  {
    name: 'annotations',
    schema: object(
      { a: { type: 'boolean', title: 'A', description: 'Said.', default: true, examples: [false] } },
      { $schema: 'http://json-schema.org/draft-07/schema#', title: 'T' },
    ),
  },
  { name: 'anything', schema: true },
  {
    name: 'an extracted person',
    schema: object({
      name: short,
      email: { type: ['string', 'null'], maxLength: 8 },
      tags: { type: 'array', items: { enum: ['new', 'old'] }, maxItems: 2 },
      address: object({ zip: { type: 'integer', minimum: 1000, maximum: 9999 } }),
    }),
  },
  {
    name: 'a classification',
    schema: object({ label: { enum: ['spam', 'ham'] }, score: { type: 'number', minimum: 0, maximum: 1 } }),
  },
];
