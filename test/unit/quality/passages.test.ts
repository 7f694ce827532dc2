import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../tools/command-line/options';
import { parseOptions } from '../../../tools/quality/options';
import { cutPassages } from '../../../tools/quality/passages';
import { formatRows } from '../../../tools/quality/report';
import { settings, usualSettings } from '../../../tools/quality/settings';

const ids = (length: number) => Array.from({ length }, (_, i) => 100 + i);

describe('passages', () => {
  const options = { lengthTokens: 10, numSteps: 3, numPassages: 3, bosIds: [1] };

  test('are spread over a text from its first to its last token, and begin as prompts do', () => {
    const [first, middle, last] = cutPassages([{ name: 'a', ids: ids(29) }], options);
    expect(first).toEqual({ text: 'a', promptIds: [1, ...ids(6)], answerIds: [106, 107, 108] });
    expect(middle!.promptIds[1]).toBe(110);
    expect(last!.answerIds).toEqual([126, 127, 128]);
  });

  test('one passage is the beginning', () => {
    const [only] = cutPassages([{ name: 'a', ids: ids(29) }], { ...options, numPassages: 1, bosIds: [] });
    expect(only!.promptIds).toEqual(ids(7));
  });

  test('a text without a whole passage is refused by its name', () => {
    expect(() => cutPassages([{ name: 'a', ids: ids(8) }], options)).toThrow("'a' has 8 tokens");
  });
});

describe('options', () => {
  test('defaults', () => {
    expect(parseOptions(['--text', 'a', '--text', 'b'])).toEqual({
      model: undefined,
      textPaths: ['a', 'b'],
      lengths: [4096],
      numSteps: 256,
      numPassages: 1,
      numParallel: 1,
      settings: usualSettings,
      isTimed: false,
      numFree: 0,
      profilePath: undefined,
      gpuBytes: 2 ** 31,
      outPath: '.cache/quality/quality.json',
    });
  });

  test.each([
    [[], '--text names'],
    [['--text', 'a', '--settings', 'nonsense'], "no setting 'nonsense'"],
    [['--text', 'a', '--parallel', '9'], 'from 1 to 8'],
    [['--text', 'a', '--steps', '300', '--lengths', '310'], 'at least 316'],
  ])('%j is refused', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError);
    expect(() => parseOptions(args)).toThrow(message);
  });

  test('what is run without being named exists, and names are unique', () => {
    const names = settings.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(usualSettings.filter((name) => !names.includes(name))).toEqual([]);
  });

  test('settings have the K that they say, and choose among few pages too, but for two', () => {
    const named = (name: string) => settings.find((setting) => setting.name === name)!;
    expect(named('k-16').kv).toMatchObject({ pagesPerHead: 16, selection: 'minmax' });
    expect(named('digest-rerank').kv).toMatchObject({
      pagesPerHead: 64,
      selection: 'digest',
      unstableShare: 0,
    });
    const whole = settings.filter(({ disabledFeatures }) => disabledFeatures.length === 0);
    expect(whole.map(({ name }) => name)).toEqual(['default', 'whole', 'digest-whole']);
  });
});

test('the table has a line for each row, and speed only where it was measured', () => {
  const row = {
    setting: 'k-16',
    title: 'K = 16',
    lengthTokens: 4096,
    pagesPerHead: 16,
    unstableShare: 0.25,
    bytesOfDense: 0.3,
    numTokens: 10,
    densePerplexity: 10,
    perplexity: 11,
    perplexityRatio: 1.1,
    meanKl: 0.01,
    kl99: 0.2,
    top1Agreement: 0.9,
    denseTop1: 0.5,
    top1: 0.4,
  };
  const speed = { promptTokens: 3840, prefillTokensPerSecond: 1234.4, medianMs: 2.345, meanMs: 2.5 };
  const [header, plain, timed] = formatRows([row, { ...row, speed }]).split('\n');
  expect(header).toMatch(/^setting +K +KV bytes +ppl +ppl ÷ dense/);
  expect(plain).toMatch(/^K = 16 +16 +30.0 % +11.000 +1.1000 +0.01000 +0.2000 +90.0 % +40.0 %$/);
  expect(timed).toMatch(/1234\/s +2\.35 ms$/);
});
