import { expect, test } from 'vitest';
import { drawHeatMap, unstableOverlap } from '../../../tools/profile/describe';
import { UsageError } from '../../../tools/command-line/options';
import { readQuestions, scaledBudget, textFamily } from '../../../tools/profile/inputs';

test('the map has a row for each layer, and marks the unstable heads', () => {
  const map = drawHeatMap({ numLayers: 2, numKvHeads: 2, meanStability: [1, 0, 0.5, 0.85], unstable: [1] });
  expect(map).toBe('layer   head 0  head 1\n    0   1.00  ██0.00*\n    1 ▒▒0.50    0.85');
});

test('families agree on their unstable heads or do not', () => {
  const first = { stability: [[0.1, 0.2, 0.8, 0.9]] };
  const other = { stability: [[0.9, 0.2, 0.8, 0.1]] };
  expect(unstableOverlap(first, first, 0.5)).toBe(1);
  expect(unstableOverlap(first, other, 0.5)).toBe(0.5);
  expect(unstableOverlap(first, other, 0.25)).toBe(0);
});

test('where mass lost was measured, it has a map of its own and decides', () => {
  const lost = { meanMassLost: [0.1, 0.9, 0, 0.3], meanStability: [1, 0, 0.5, 0.85], unstable: [1] };
  expect(drawHeatMap({ numLayers: 2, numKvHeads: 2, ...lost })).toBe(
    'layer   head 0  head 1\n    0   0.10  ██0.90*\n    1   0.00  ░░0.30\n\n' +
      'TS, by overlap of sets:\nlayer   head 0  head 1\n    0   1.00  ██0.00*\n    1 ▒▒0.50    0.85',
  );
  const stability = [[0.1, 0.2, 0.8, 0.9]];
  const [first, other] = [[[0.9, 0.8, 0, 0]], [[0, 0.7, 0.8, 0]]].map((massLost) => ({
    stability,
    massLost,
  }));
  expect(unstableOverlap(first!, other!, 0.5)).toBe(0.5);
});

test('questions come as lines or as JSON', () => {
  expect(readQuestions('One?\n\n Two? \n')).toEqual(['One?', 'Two?']);
  expect(readQuestions('["One?", {"question": "Two?", "answer": "2"}]')).toEqual(['One?', 'Two?']);
});

test.each(['["One?"', '[1]', '[null]', '[{"ask": "One?"}]'])('%s is no list of questions', (content) => {
  expect(() => readQuestions(content)).toThrow(UsageError);
});

test('steps are shared among the questions; without any the text is continued', () => {
  expect(textFamily('name', 't', ['a', 'b'], 200).inputs.map(({ maxTokens }) => maxTokens)).toEqual([
    100, 100,
  ]);
  expect(textFamily('name', 't', [], 200).inputs).toEqual([
    { text: 't', question: undefined, maxTokens: 200 },
  ]);
});

test('the budget is a quarter of few pages', () => {
  expect([1, 100, 1000].map(scaledBudget)).toEqual([2, 25, 64]);
});
