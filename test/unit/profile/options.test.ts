import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../tools/command-line/options';
import { parseOptions } from '../../../tools/profile/options';

describe('options', () => {
  test('defaults', () => {
    expect(parseOptions([])).toEqual({
      model: undefined,
      runner: 'browser',
      textPaths: [],
      questionsPath: undefined,
      isFollowing: false,
      numSteps: 512,
      selection: 'digest',
      attention: undefined,
      interval: 16,
      pagesPerHead: undefined,
      lengthTokens: 4608,
      seed: 1,
      gpuBytes: undefined,
      outPath: undefined,
    });
  });

  test('everything given', () => {
    const options = parseOptions([
      ...['--model', 'folder', '--text', 'a.txt', '--questions', 'q.txt', '--runner', 'node'],
      ...[
        '--steps',
        '64',
        '--selection',
        'minmax',
        '--attention',
        'all',
        '--interval',
        '8',
        '--pages-per-head',
        '32',
        '--length',
        '1024',
      ],
      ...['--seed', '3', '--gpu-bytes', '1000', '--out', 'p.json'],
    ]);
    expect(options).toEqual({
      model: 'folder',
      runner: 'node',
      textPaths: ['a.txt'],
      questionsPath: 'q.txt',
      isFollowing: false,
      numSteps: 64,
      selection: 'minmax',
      attention: 'all',
      interval: 8,
      pagesPerHead: 32,
      lengthTokens: 1024,
      seed: 3,
      gpuBytes: 1000,
      outPath: 'p.json',
    });
  });

  test('help', () => expect(parseOptions(['--help'])).toBe('help'));

  test.each([
    [['--runner', 'deno'], '--runner takes browser or node'],
    [['--questions', 'q.txt'], 'goes with one --text'],
    [['--follow-text', '--runner', 'node'], 'goes with --text and --runner node'],
    [['--follow-text', '--text', 'a.txt'], 'goes with --text and --runner node'],
    [['--steps', '15'], 'not even one chunk'],
    [['--attention', 'some'], '--attention takes all or selected'],
    [['--interval', '65'], 'from 2 to 64'],
    [['--pages-per-head', '1'], 'from 2 to 256'],
    [['--length', '4k'], 'at least 256'],
    [['--nonsense'], '--nonsense'],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });
});
