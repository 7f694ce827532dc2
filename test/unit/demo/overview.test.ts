/** What a model writes on a document: what is asked for, what is taken from its words, when, and what is kept. */
import { beforeEach, describe, expect, test } from 'vitest';
import { OverviewStore } from '../../../demo/overview-store';
import {
  digestOf,
  questionsIn,
  questionsRequest,
  summaryRequest,
  tidySummary,
  whenWritten,
} from '../../../demo/overview';
import { useIndexedDb } from '../../support/fake-indexeddb';

beforeEach(useIndexedDb);

describe('asking', () => {
  test('both are asked of a branch of the document, greedily', () => {
    for (const request of [summaryRequest('d'), questionsRequest('d')]) {
      expect(request).toMatchObject({ document: 'd', temperature: 0 });
      expect(request.max_tokens).toBeGreaterThan(0);
    }
  });

  test('the answer to the second is a numbered list of three questions, in any script', () => {
    const format = questionsRequest('d').response_format as { type: 'regex'; pattern: string };
    expect(format.type).toBe('regex');
    const pattern = new RegExp(`^(?:${format.pattern})$`);
    expect(pattern.test('1. Who wrote this?\n2. Where is the harbour?\n3. 港はどこにありますか？')).toBe(
      true,
    );
    expect(pattern.test('1. Who wrote this?\n2. Where is the harbour?')).toBe(false);
    expect(pattern.test('1. Who wrote this.\n2. Where is the harbour?\n3. Why is it so?')).toBe(false);
    expect(pattern.test('1. ?\n2. Where is the harbour?\n3. Why is it so?')).toBe(false);
  });
});

describe('what is taken', () => {
  test('a summary ends with its last whole sentence, and one without any says that it goes on', () => {
    expect(tidySummary(' It rains.\n\nIt rains a lot, as Mr. Oakley (of Foxb')).toBe(
      'It rains. It rains a lot, as Mr.',
    );
    expect(tidySummary('He said “It rains.” And then')).toBe('He said “It rains.”');
    expect(tidySummary('It grew by 3.5 percent. It is')).toBe('It grew by 3.5 percent.');
    expect(tidySummary('港は静かだった。船は')).toBe('港は静かだった。');
    expect(tidySummary('It rains. It pours. it rains. It')).toBe('It rains. It pours.');
    expect(tidySummary('the harbour is')).toBe('the harbour is…');
    expect(tidySummary(' \n')).toBe('');
  });

  test('questions lose their numbers, come once each, and a cut one is none', () => {
    const list = '1. Who has the key?\n2. Where is it?\n3. who has the key?';
    expect(questionsIn(list)).toEqual(['Who has the key?', 'Where is it?']);
    expect(questionsIn('1. Who has the key?\n2. Where is')).toEqual(['Who has the key?']);
    expect(questionsIn('')).toEqual([]);
  });
});

test('one is written by itself only where it disturbs nobody, and never by a model that cannot', () => {
  const facts = { isScout: false, isSample: false, isComplete: true, isSlow: false, isFresh: true };
  expect(whenWritten(facts)).toBe('idle');
  expect(whenWritten({ ...facts, isSlow: true })).toBe('on demand');
  expect(whenWritten({ ...facts, isFresh: false })).toBe('on demand');
  expect(whenWritten({ ...facts, isScout: true })).toBe('never');
  expect(whenWritten({ ...facts, isSample: true })).toBe('never');
  expect(whenWritten({ ...facts, isComplete: false })).toBe('never');
});

describe('keeping', () => {
  test('what is kept comes back for the same text, and is dropped for another', async () => {
    const text = 'The harbour was quiet. '.repeat(50_000);
    const overview = {
      documentId: 'd',
      textDigest: await digestOf(text),
      modelName: 'Tiny',
      summary: 'Quiet.',
      questions: ['Why?'],
    };
    await new OverviewStore().put(overview);
    expect(await new OverviewStore().find('other', text)).toBeUndefined();
    expect(await new OverviewStore().find('d', text)).toEqual(overview);
    expect(await new OverviewStore().find('d', `${text}.`)).toBeUndefined();
    expect(await new OverviewStore().find('d', text)).toBeUndefined();
  });

  test('it goes with the document', async () => {
    const store = new OverviewStore();
    const textDigest = await digestOf('Text');
    await store.put({ documentId: 'd', textDigest, modelName: 'Tiny', summary: 'S', questions: [] });
    await store.delete('d');
    expect(await store.find('d', 'Text')).toBeUndefined();
  });

  test('texts that differ late differ in their digests', async () => {
    const text = 'x'.repeat(2 ** 20);
    expect(await digestOf(`${text}a`)).not.toBe(await digestOf(`${text}b`));
    expect(await digestOf('')).toHaveLength(64);
  });
});
