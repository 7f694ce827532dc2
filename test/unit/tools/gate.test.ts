import { describe, expect, test } from 'vitest';
import { countVitest, notesOf, summarize } from '../../../tools/gate/counts.mjs';
import { batchesOf, steps } from '../../../tools/gate/steps.mjs';
import { missingPackages } from '../../../tools/setup/setup.mjs';

describe('gate', () => {
  test('counts what Vitest reports', () => {
    expect(countVitest({ numPassedTests: 7, numFailedTests: 0 }, 0)).toEqual({
      passed: 7,
      failed: 0,
      skipped: 0,
    });
    const report = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1 };
    expect(countVitest(report, 1)).toEqual({ passed: 7, failed: 2, skipped: 1 });
  });

  test('a run that reports nothing, tests nothing or breaks outside a test has failed', () => {
    expect(countVitest(undefined, 0).failed).toBe(1);
    expect(countVitest({ numPassedTests: 0, numFailedTests: 0 }, 0).failed).toBe(1);
    expect(countVitest({ numPassedTests: 3, numFailedTests: 0 }, 1).failed).toBe(1);
  });

  test('a line shows the step, its seconds, its counts and its note', () => {
    const result = { passed: 3, failed: 1, skipped: 0, note: 'a note' };
    expect(summarize('unit', result, 1234)).toBe('✗ unit        1.2 s  3 passed, 1 failed  a note');
  });

  test('what tests did not run, and on what they ran, is told once', () => {
    const output =
      'stdout | a\nran on X: a, b\n ✓ not run, inside a title\nnot run, no files: c\nran on X: a, b\n';
    expect(notesOf(output)).toBe('ran on X: a, b; not run, no files: c');
    expect(notesOf('nothing to tell')).toBe('');
  });

  test('every step that another needs comes before it', () => {
    for (const [index, { needs }] of steps.entries()) {
      if (needs) expect(steps.slice(0, index).map(({ name }) => name)).toContain(needs);
    }
  });
});

describe('set-up', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0', optional: true },
    },
  };

  test('finds nothing missing where versions agree, whatever is optional', () => {
    expect(missingPackages(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } })).toEqual([]);
  });

  test('finds a package that is absent or has another version', () => {
    expect(missingPackages(lock, { packages: {} })).toEqual(['node_modules/a']);
    expect(missingPackages(lock, { packages: { 'node_modules/a': { version: '0.9.0' } } })).toEqual([
      'node_modules/a',
    ]);
  });
});

test('steps in a row with one word for their batch run together, and all others one after the other', () => {
  const step = (name: string, batch?: string) => ({
    name,
    kind: 'check' as const,
    command: [],
    ...(batch && { batch }),
  });
  const [a, b, c, d, e] = [step('a', 'x'), step('b', 'x'), step('c'), step('d'), step('e', 'x')];
  expect(batchesOf([a, b, c, d, e])).toEqual([[a, b], [c], [d], [e]]);
  expect(batchesOf(steps).flat()).toEqual(steps);
});
