/** The command that holds answers to JSON-Schema-Test-Suite: what it says of schemas that are followed, refused, or followed wrongly. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkSchema, readTokens } from '../../../tools/schema-suite/check';
import { parseOptions } from '../../../tools/schema-suite/options';
import { readSchemas, validatorOf } from '../../../tools/schema-suite/suite';

test('schemas are read from the folders of drafts, and checked', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longpage-suite-'));
  try {
    mkdirSync(join(folder, 'draft7/optional'), { recursive: true });
    const group = (description: string, schema: object) => ({ description, schema, tests: [] });
    const [flag, unique] = [{ type: 'boolean' }, { uniqueItems: true }];
    writeFileSync(join(folder, 'draft7/a.json'), JSON.stringify([group('flag', flag)]));
    writeFileSync(join(folder, 'draft7/optional/b.json'), JSON.stringify([group('unique', unique)]));
    const schemas = readSchemas(folder, 'draft7');
    expect(schemas.map(({ name }) => name)).toEqual([
      'draft7/a.json: flag',
      'draft7/optional/b.json: unique',
    ]);
    const tokens = readTokens();
    const options = { walks: 3, steps: 20, seed: 1 };
    const [first, second] = [
      await checkSchema(schemas[0]!, tokens, options),
      await checkSchema(schemas[1]!, tokens, options),
    ];
    expect(first).toMatchObject({ ended: 3, unended: 0, faults: [] });
    expect(second).toMatchObject({ refused: 'uniqueItems', ended: 0, faults: [] });
    // Answers end where the answer may, or not at all: a text that must hold a rare word is not found by chance.
    const rare = { ...schemas[0]!, schema: { type: 'string', pattern: 'qzx' } };
    expect(await checkSchema(rare, tokens, options)).toMatchObject({ unended: 3, faults: [] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an answer that the schema does not allow would be seen', () => {
  const isValid = validatorOf({
    name: '',
    draft: 'draft2020-12',
    schema: { properties: { toString: { type: 'number' } } },
  });
  expect([isValid({}), isValid({ toString: 1 }), isValid({ toString: 'x' })]).toEqual([true, true, false]);
});

test('options', () => {
  expect(parseOptions(['--folder', 'x', '--drafts', 'draft7', '--steps', '9'])).toMatchObject({
    folder: 'x',
    drafts: ['draft7'],
    walks: 4,
    steps: 9,
    seed: 1,
  });
  expect(() => parseOptions([])).toThrow('--folder is missing');
  expect(() => parseOptions(['--folder', 'x', '--drafts', 'draft3'])).toThrow("'draft3'");
  expect(parseOptions(['--help'])).toBe('help');
});
