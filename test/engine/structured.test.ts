/** Answers that are held to a format, of a model that knows nothing: random weights on the real adapter. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { AnswerFormat } from '../../src/grammar/answer-format';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { tinyLlamaModel } from '../../tools/tiny-models/models';
import { schemas } from '../support/schemas';
import { validatorOf } from '../support/validator';

useIndexedDb();

const isFull = process.env.LONGPAGE_FULL !== undefined;
const maxTokens = isFull ? 120 : 40;
/** Schemas with short answers, and with all that a grammar is made of. */
const names = [
  'a digit',
  'an enumeration',
  'a mixed enumeration',
  'a list of two',
  'nested objects',
  'a classification',
];
const chosen = isFull ? schemas : schemas.filter(({ name }) => names.includes(name));

let engine: EngineCore;
beforeAll(async () => {
  engine = await loadEngine(tinyLlamaModel(), { kv: { contextTokens: 256 } });
});
afterAll(async () => {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
});

const schemaOf = (schema: unknown): AnswerFormat => ({
  kind: 'json-schema',
  schema: JSON.stringify(schema),
  field: 'x',
});
const run = (format: AnswerFormat, temperature: number, seed = 1) =>
  answer(engine, requestOf(promptOf(10, seed), { format, maxTokens, sampling: { temperature, seed } }));

describe('an answer that ends by itself is what its schema allows', () => {
  test('at any temperature, with one seed or another', async () => {
    let numEnded = 0;
    for (const { name, schema } of chosen) {
      const isValid = validatorOf(schema);
      // Several at a time: each has a state of its own.
      const answers = await Promise.all(
        [0, 1, 2].map((temperature) => run(schemaOf(schema), temperature, 1 + temperature)),
      );
      for (const { text, end } of answers) {
        if (end.finishReason !== 'stop') continue;
        numEnded++;
        expect([name, text, isValid(JSON.parse(text))]).toEqual([name, text, true]);
      }
    }
    expect(numEnded).toBeGreaterThan(chosen.length);
  });

  test('a choice, an expression', async () => {
    expect(['yes', 'no']).toContain((await run({ kind: 'choice', choices: ['yes', 'no'] }, 2)).text);
    const { text } = await run({ kind: 'regex', pattern: '\\d{3}-[a-c]+x', field: 'x' }, 1);
    expect(text).toMatch(/^\d{3}-[a-c]+/);
  });
});

test('other answers have the tokens that they have alone, and steps of their own', async () => {
  const request = requestOf(promptOf(20, 9), {
    maxTokens: 24,
    ignoreEos: true,
    sampling: { temperature: 1, seed: 5 },
  });
  const alone = await answer(engine, request);
  const [beside, held] = await Promise.all([
    answer(engine, request),
    run(schemaOf({ type: 'array', items: { enum: [1, 2] }, minItems: 4, maxItems: 4 }), 1),
  ]);
  expect(beside.tokenIds).toEqual(alone.tokenIds);
  expect(JSON.parse(held.text)).toHaveLength(4);
});

test('steps behind tokens that are certain do not wait for them', async () => {
  const { runner } = engine;
  const submit = runner.submitDecode.bind(runner);
  const inFlight: number[] = [];
  let numInFlight = 0;
  runner.submitDecode = (rows) => {
    inFlight.push(++numInFlight);
    return submit(rows).finally(() => numInFlight--);
  };
  try {
    const only = { kind: 'choice', choices: ['7q7q7q7q7q'] } as const;
    expect((await run(only, 1)).text).toBe('7q7q7q7q7q');
    expect(Math.max(...inFlight)).toBeGreaterThan(1);
    inFlight.length = 0;
    // Several ways at each place: every step needs the token of the one before.
    expect((await run({ kind: 'regex', pattern: '[0-9]{6}', field: 'x' }, 1)).text).toMatch(/^\d{6}$/);
    expect(new Set(inFlight)).toEqual(new Set([1]));
  } finally {
    runner.submitDecode = submit;
  }
});

test('a format that cannot be enforced is refused before anything runs', async () => {
  const { steps } = engine.runner.counts;
  await expect(run(schemaOf({ not: {} }), 0)).rejects.toMatchObject({ code: 'unsupported', field: 'x' });
  expect(engine.runner.counts.steps).toBe(steps);
});
