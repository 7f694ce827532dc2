import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isOfSample, samplePartId, suggestionsFor, type SampleQuestion } from '../../../demo/sample';

const read = (name: string) => readFileSync(`public/models/scout/${name}`, 'utf8');
const text = read('sample.txt');
const questions = JSON.parse(read('sample-questions.json')) as SampleQuestion[];

test('what the beginning of the sample does not answer is not suggested while no more is read', () => {
  expect(suggestionsFor(questions, '', false)).toEqual([]);
  const early = suggestionsFor(questions, text.slice(0, 6000), false);
  expect(early).toContain('What is the access code of Magnus Oakley?');
  const unanswered = questions.filter(({ answer }) => !text.slice(0, 6000).includes(answer));
  expect(unanswered.length).toBeGreaterThan(0);
  for (const { question } of unanswered) expect(early).not.toContain(question);
});

test('for all of it some are suggested that take more than looking up', () => {
  expect(suggestionsFor(questions, text, true)).toEqual(
    questions.slice(0, 5).map(({ question }) => question),
  );
});

test('the sample and its beginnings are known by their names', () => {
  expect([isOfSample('sample'), isOfSample(samplePartId(1200)), isOfSample('sampler')]).toEqual([
    true,
    true,
    false,
  ]);
});
