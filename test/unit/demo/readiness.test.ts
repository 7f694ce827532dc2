import { expect, test } from 'vitest';
import { whyNotReady } from '../../../demo/readiness';

test('a question can be asked once a model is there, and of a document what an answer can come from', () => {
  expect(whyNotReady(true, undefined)).toBe(undefined);
  expect(whyNotReady(true, { state: 'complete', numReadTokens: 0 })).toBe(undefined);
  expect(whyNotReady(true, { state: 'partial', numReadTokens: 256 })).toBe(undefined);
  expect(whyNotReady(true, { state: 'reading', numReadTokens: 64 })).toBe(undefined);
});

test('what is missing is said, the model before the document', () => {
  expect(whyNotReady(false, { state: 'partial', numReadTokens: 0 })).toMatch(/^The model/);
  expect(whyNotReady(true, { state: 'partial', numReadTokens: 0 })).toMatch(/^Nothing of the document/);
  expect(whyNotReady(true, { state: undefined, numReadTokens: 0 })).toMatch(/^Nothing of the document/);
  expect(whyNotReady(true, { state: 'reading', numReadTokens: 0 })).toMatch(/still being read/);
  for (const state of ['damaged', 'foreign'] as const) {
    expect(whyNotReady(true, { state, numReadTokens: 256 })).toMatch(/again/);
  }
});
