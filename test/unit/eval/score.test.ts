import { describe, expect, test } from 'vitest';
import {
  normalize,
  scoreAbsent,
  scoreAnswer,
  scoreCount,
  scoreRecord,
  scoreRecords,
  scoreSet,
  scoreText,
  scoreValue,
} from '../../../tools/eval/score';

describe('values', () => {
  test.each([
    ['Coldmere', 'Coldmere'],
    [' coldmere. ', 'Coldmere'],
    ['"9,529 guilders"', '9,529 guilders'],
    ['The captain of the Heron is Ada Ashby, whose home town is Coldmere.', 'Coldmere'],
  ])('%j gives %j', (answer, value) => expect(scoreValue(answer, value)).toBe(1));

  test.each([
    ['', 'Coldmere'],
    ['Coldmere Otter', 'Coldmere'],
    ['Kcoldmere', 'coldmere'],
    ['12482', '482'],
    ['The document does not say.', 'Coldmere'],
  ])('%j does not give %j', (answer, value) => expect(scoreValue(answer, value)).toBe(0));

  test('normalisation keeps what is inside', () => {
    expect(normalize('  “A,  B.C\n” ')).toBe('a, b.c');
  });

  test('a quotation is right as a whole only', () => {
    expect(scoreText('"The wind was cold."', 'The wind was cold.')).toBe(1);
    expect(scoreText('"The wind was"', 'The wind was cold.')).toBe(0);
    expect(scoreText('He wrote: The wind was cold.', 'The wind was cold.')).toBe(0);
  });
});

describe('several values', () => {
  test('recall, in any order, as whole words', () => {
    expect(scoreSet('a-b: 11; c-d: 22', ['22', '11'])).toBe(1);
    expect(scoreSet('11 and 223.', ['11', '22'])).toBe(0.5);
    expect(scoreSet('', ['11', '22'])).toBe(0);
  });

  test('a value that is wanted twice counts once', () => {
    expect(scoreSet('Iceness', ['Iceness', 'Iceness', '6235', '6235'])).toBe(0.5);
  });

  test('a count is half of the score', () => {
    expect(scoreCount('Ada Ashby and Tom Dale. That makes 2.', ['Tom Dale', 'Ada Ashby'])).toBe(1);
    expect(scoreCount('Ada Ashby and Tom Dale. That makes 3.', ['Tom Dale', 'Ada Ashby'])).toBe(0.5);
    expect(scoreCount('Ada Ashby. That makes 2.', ['Tom Dale', 'Ada Ashby'])).toBe(0.75);
    expect(scoreCount('nobody', ['Tom Dale', 'Ada Ashby'])).toBe(0);
  });
});

describe('JSON', () => {
  const ada = { name: 'Ada', locker: '498' };
  const rows = [
    { id: 'K-1', port: 'Coldmere' },
    { id: 'K-2', port: 'Ravenmouth' },
  ];

  test('a record field by field', () => {
    expect(scoreRecord('{"locker": 498, "name": "Ada"}', ada)).toBe(1);
    expect(scoreRecord('Here: ```json\n{"name": "Ada", "locker": "489"}\n```', ada)).toBe(0.5);
    expect(scoreRecord('{"name": "Ada", "lock', ada)).toBe(0.5);
    expect(scoreRecord('Ada uses locker 498.', ada)).toBe(0);
  });

  test('fields that were not asked for cost', () => {
    expect(scoreRecord('{"name": "Ada", "locker": "498", "a": 1, "b": 2}', ada)).toBe(0.5);
  });

  test('records are matched by id, wherever they stand', () => {
    expect(scoreRecords(JSON.stringify([...rows].reverse()), rows)).toBe(1);
    expect(scoreRecords(JSON.stringify(rows.slice(0, 1)), rows)).toBe(0.5);
    expect(scoreRecords('[{"id": "K-1", "port": "Coldmere"}, {"id": "K-2", "po', rows)).toBe(0.75);
    expect(scoreRecords('[]', rows)).toBe(0);
  });

  test('a swapped value, a repeated record and an invented one cost', () => {
    const swapped = [
      { id: 'K-1', port: 'Ravenmouth' },
      { id: 'K-2', port: 'Coldmere' },
    ];
    expect(scoreRecords(JSON.stringify(swapped), rows)).toBe(0.5);
    expect(scoreRecords(JSON.stringify([...rows, ...rows]), rows)).toBe(0.5);
    expect(scoreRecords(JSON.stringify([{ id: 'K-9', port: 'Coldmere' }]), rows)).toBe(0);
  });
});

test('what the document does not say', () => {
  expect(scoreAbsent('The document does not say.')).toBe(1);
  expect(scoreAbsent('It is not mentioned anywhere.')).toBe(1);
  expect(scoreAbsent('Coldmere')).toBe(0);
  expect(scoreAbsent('He does say so.')).toBe(0);
});

test('each task has its scorer', () => {
  const turn = { task: 'json-all', question: '', answer: '[{"id": "K-1", "port": "Coldmere"}]' } as const;
  expect(scoreAnswer(turn, turn.answer)).toBe(1);
  expect(scoreAnswer({ ...turn, task: 'quote' }, '"Coldmere"')).toBe(0);
  const hop = {
    task: 'two-hop',
    question: '',
    answer: 'It is Ada, of Iceness.',
    fields: ['Iceness'],
  } as const;
  expect(scoreAnswer(hop, 'It is Tom, of Iceness.')).toBe(1);
  expect(scoreAnswer(hop, 'It is Ada, of Coldmere.')).toBe(0);
});
