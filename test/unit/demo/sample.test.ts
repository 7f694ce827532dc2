import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  isOfSample,
  samplePartId,
  shortSample,
  suggestionsFor,
  type SampleQuestion,
} from '../../../demo/sample';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';

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

test('a part is not asked for what it only has the name or the number of', () => {
  const ofMill = { question: 'Who is the owner of the mill Plain Loom?', answer: 'Gisela Brookdale' };
  const ofToll = { question: 'What is the toll at Copperbridge now?', answer: '45' };
  const part = 'Gisela Brookdale has 4500 maps of Copperbridge.';
  expect(suggestionsFor([ofMill, ofToll], part, false)).toEqual([]);
  expect(suggestionsFor([ofToll], `${part} The toll is 45.`, false)).toHaveLength(1);
});

test('the short sample is a part of it with whole chapters, under 2,000 tokens, and has questions', () => {
  const short = shortSample(text);
  for (const paragraph of short.split('\n\n')) expect(text).toContain(paragraph);
  expect(short.startsWith(text.slice(0, text.indexOf('\n\nHow the town began\n')))).toBe(true);
  expect(short.endsWith('has never once read a postcard to the end.')).toBe(true);
  const tokenizer = Tokenizer.fromJson(
    JSON.parse(read('tokenizer.json')),
    JSON.parse(read('tokenizer_config.json')),
  );
  expect(tokenizer.encode(short, { addSpecialTokens: false }).length).toBeLessThan(2000);
  expect(suggestionsFor(questions, short, false)).toEqual([
    'What is the access code of Magnus Oakley?',
    'Where does Gisela Brookdale come from?',
    'In which year was Conrad Redshaw born?',
    "When is Octavia Holcombe's birthday?",
  ]);
});

test('the sample and its parts are known by their names', () => {
  expect([isOfSample('sample'), isOfSample(samplePartId(1200)), isOfSample('sampler')]).toEqual([
    true,
    true,
    false,
  ]);
});
