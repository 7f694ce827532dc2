import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../tools/command-line/options';
import { parseOptions } from '../../../tools/eval/options';

describe('options', () => {
  test('defaults', () => {
    expect(parseOptions([])).toMatchObject({
      model: undefined,
      runner: 'browser',
      split: 'familiar',
      seed: 1,
      numParallel: 1,
      plan: { effort: 'default' },
    });
  });

  test('everything given', () => {
    const options = parseOptions([
      ...['--runner', 'node', '--full', '--settings', 'rerank, pause', '--lengths', '1024,4096'],
      ...['--documents', '2', '--questions', '5', '--minutes', '3', '--split', 'heldout'],
    ]);
    expect(options).toMatchObject({
      runner: 'node',
      split: 'heldout',
      plan: {
        effort: 'full',
        settings: ['rerank', 'pause'],
        lengths: [1024, 4096],
        numDocuments: 2,
        numPerTask: 5,
        limitMinutes: 3,
      },
    });
  });

  test('help', () => expect(parseOptions(['--help'])).toBe('help'));

  test.each([
    [['--settings', 'denes'], "there is no setting 'denes'"],
    [['--quick', '--full'], 'only one of'],
    [['--lengths', '1k'], '--lengths takes a whole number'],
    [['--runner', 'deno'], '--runner takes browser or node'],
    [['--documents', '0'], '--documents takes a whole number'],
    [['--nonsense'], '--nonsense'],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
