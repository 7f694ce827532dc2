import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Automaton, type AutomatonState } from '../../../src/grammar/automaton';
import { formatAutomaton } from '../../../src/grammar/format-grammar';
import { JsonGrammar } from '../../../src/grammar/json-grammar';
import { accepts, schemaGrammar } from '../../../src/grammar/json-schema';
import { EngineError } from '../../../src/util/errors';
import { randomSource } from '../../../tools/util/random';
import { schemas } from '../../support/schemas';
import { validatorOf } from '../../support/validator';

const numAnswers = process.env.LONGPAGE_FULL ? 200 : 8;

function automatonOf(schema: unknown): Automaton {
  const json = new JsonGrammar();
  return new Automaton(json.builder, schemaGrammar(json, schema));
}

/** A text drawn byte by byte from all that the grammar allows; undefined where it does not come to an end. */
function draw(automaton: Automaton, next: () => number, maxLength = 400): string | undefined {
  const bytes: number[] = [];
  let state: AutomatonState = automaton.initial;
  for (let length = 0; length < maxLength; length++) {
    const steps: [number, AutomatonState][] = [];
    for (let byte = 0; byte < 256; byte++) {
      const to = automaton.step(state, byte);
      if (to) steps.push([byte, to]);
    }
    if (state.mayEnd && (steps.length === 0 || next() < 0.3)) break;
    // No state is a dead end.
    expect(steps.length).toBeGreaterThan(0);
    // Ends are drawn more often than they are likely.
    const ends = steps.filter(([byte]) => '"}]'.includes(String.fromCharCode(byte)));
    const pool = ends.length > 0 && next() < 0.4 ? ends : steps;
    const [byte, to] = pool[Math.floor(next() * pool.length)]!;
    bytes.push(byte);
    state = to;
    if (length === maxLength - 1) return undefined;
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
}

describe('whatever follows the grammar of a schema is JSON that the schema allows', () => {
  test.each(schemas)('$name', ({ schema }) => {
    const isValid = validatorOf(schema);
    const automaton = automatonOf(schema);
    expect(automaton.isSatisfiable).toBe(true);
    const next = randomSource(17);
    let numEnded = 0;
    for (let i = 0; i < numAnswers; i++) {
      const text = draw(automaton, next);
      if (text === undefined) continue;
      numEnded++;
      expect([text, isValid(JSON.parse(text))]).toEqual([text, true]);
    }
    expect(numEnded).toBeGreaterThan(0);
  });
});

test('schemas of zod: zod takes what follows their grammar', () => {
  const schema = z.object({
    email: z.email(),
    day: z.iso.date(),
    at: z.iso.datetime(),
    id: z.uuid(),
    site: z.url().nullable(),
    count: z.number().int().positive(),
    share: z.number().min(0).max(1).optional(),
    kind: z.discriminatedUnion('k', [
      z.object({ k: z.literal('a'), x: z.number() }),
      z.object({ k: z.literal('b'), y: z.enum(['p', 'q']) }),
    ]),
    pair: z.tuple([z.boolean(), z.literal(3)]),
    scores: z.record(z.string(), z.number()).optional(),
  });
  const automaton = automatonOf(z.toJSONSchema(schema));
  const next = randomSource(5);
  let numEnded = 0;
  for (let i = 0; i < 12; i++) {
    const text = draw(automaton, next, 2000);
    if (text === undefined) continue;
    numEnded++;
    const { success } = schema.safeParse(JSON.parse(text));
    expect([text, success]).toEqual([text, true]);
  }
  expect(numEnded).toBeGreaterThan(3);
});

describe('what a model would write is allowed', () => {
  /** As draft 7 writes it, once with a rest and once without. */
  const tuples = {
    allOf: [
      { items: [{ type: 'boolean' }], additionalItems: { type: 'integer' } },
      { items: [true, { minimum: 3 }, true] },
    ],
  };
  const person = {
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer', minimum: 0 },
      tags: { type: 'array', items: { type: 'string' } },
    },
    required: ['name'],
  };
  test.each<[object, string, boolean]>([
    [person, '{"name":"Ann","age":42,"tags":["a","b"]}', true],
    [person, '{\n  "name": "Ann",\n  "tags": [\n    "a"\n  ]\n}', true],
    [person, '{"name": "Ann", "more": {"a": [1, 2.5e-3, null]}}', true],
    [person, '{"age": 42}', false],
    [person, '{"name": "Ann",}', false],
    [person, '{"name": "Ann", "age": -1}', false],
    // A declared name has no second spelling, in which its value would be free.
    [person, '{"name": "Ann", "\\u0061ge": "x"}', false],
    [tuples, '[true, 3, 1]', true],
    [tuples, '[true, 2]', false],
    [tuples, '[true, 3, "x"]', false],
    [{ type: 'string', format: 'date' }, '"2024-02-29"', true],
    [{ type: 'string', format: 'date' }, '"2023-02-29"', false],
    [{ type: 'string', format: 'email' }, '"ann.lee+x@mail.example.org"', true],
    [{ type: 'string', format: 'uri' }, '"https://example.org/a/b?q=1#top"', true],
    [{ type: 'number', minimum: 0.25, maximum: 3 }, '0.25', true],
    [{ type: 'number', minimum: 0.25, maximum: 3 }, '2.75', true],
    [{ type: 'number', minimum: 0.25, maximum: 3 }, '3.1', false],
  ])('%j: %j %s', (schema, text, isAllowed) => {
    expect(accepts(automatonOf(schema), text)).toBe(isAllowed);
  });

  test('whole numbers between bounds are all there, and no others', () => {
    for (const [minimum, maximum] of [
      [-15, 123],
      [7, 7],
      [98, 1002],
      [-300, -99],
    ] as const) {
      const automaton = automatonOf({ type: 'integer', minimum, maximum });
      for (let value = -400; value < 1200; value++) {
        expect([value, accepts(automaton, String(value))]).toEqual([
          value,
          value >= minimum && value <= maximum,
        ]);
      }
    }
  });
});

describe('what cannot be enforced is refused by name', () => {
  test.each<[unknown, string]>([
    [{ not: {} }, 'not'],
    [{ if: {}, then: {} }, 'if'],
    [{ type: 'array', uniqueItems: true }, 'uniqueItems'],
    [{ type: 'array', contains: {} }, 'contains'],
    [{ type: 'object', patternProperties: { a: {} } }, 'patternProperties'],
    [{ type: 'object', propertyNames: { maxLength: 2 } }, 'propertyNames'],
    [{ type: 'object', dependentRequired: { a: ['b'] } }, 'dependentRequired'],
    [{ type: 'object', unevaluatedProperties: false }, 'unevaluatedProperties'],
    [{ type: 'object', minProperties: 2 }, 'minProperties'],
    [{ type: 'object', properties: { a: { colour: 'red' } } }, 'colour'],
    [{ type: 'string', pattern: '(?=a)' }, 'pattern'],
    [{ type: 'string', format: 'iri' }, 'format'],
    [{ type: 'number', multipleOf: 0.01 }, 'multipleOf'],
    [{ oneOf: [{ type: 'string' }, { maxLength: 3 }] }, 'oneOf'],
    [{ $ref: 'https://example.org/schema' }, '$ref'],
    [{ $ref: '#/$defs/none' }, '$ref'],
    [{ type: 'colour' }, 'type'],
    [{ type: 'string', minLength: -1 }, 'minLength'],
    [{ enum: 'x' }, 'enum'],
    [{ anyOf: {} }, 'anyOf'],
    [
      {
        $defs: { a: { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, required: ['a'] } },
        $ref: '#/$defs/a',
      },
      '',
    ],
    [{ allOf: [{ const: 1 }, { const: 2 }] }, ''],
  ])('%j', (schema, keyword) => {
    const field = 'response_format.json_schema.schema';
    const attempt = () => formatAutomaton({ kind: 'json-schema', schema: JSON.stringify(schema), field });
    expect(attempt).toThrow(EngineError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'unsupported', field }) as Error);
    expect(attempt).toThrow(/^"response_format.json_schema.schema" is not supported: .*\.$/);
    if (keyword !== '') expect(attempt).toThrow(`of "${keyword}", `);
  });
});
