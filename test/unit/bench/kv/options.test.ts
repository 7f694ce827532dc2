import { expect, test } from 'vitest';
import { kvUsage, parseKvOptions } from '../../../../tools/bench/kv/options';
import { kvCases, type KvBenchOptions } from '../../../../tools/bench/kv/cases';

test('without options: the whole of the issue, in the browser', () => {
  expect(parseKvOptions([])).toEqual({
    shape: 'scout',
    fill: { kind: 'drift', overlap: 0.7 },
    lengths: [4096, 8192, 16_384, 32_768],
    modes: ['exact', 'per-step', 'pause', 'overlap'],
    sequences: [1, 4, 8],
    formats: ['f16'],
    steps: 300,
    unstableShare: 0.25,
    pagesPerHead: 64,
    rerankInterval: 16,
    isStaggered: true,
    hasProfile: false,
    isFused: true,
    isLong: false,
    runner: 'browser',
    jsonPath: undefined,
  });
});

test('reads every option', () => {
  const args =
    '--lengths 160,320 --modes overlap --sequences 2 --kv f32,int8 --steps 5 --fill random --shape small --share 0.1 ' +
    '--pages-per-head 4 --interval 8 --at-once --profile --long --runner node --json out.json';
  expect(parseKvOptions(args.split(' '))).toMatchObject({
    shape: 'small',
    fill: { kind: 'random' },
    lengths: [160, 320],
    modes: ['overlap'],
    sequences: [2],
    formats: ['f32', 'int8'],
    steps: 5,
    unstableShare: 0.1,
    pagesPerHead: 4,
    rerankInterval: 8,
    isStaggered: false,
    hasProfile: true,
    isLong: true,
    runner: 'node',
    jsonPath: 'out.json',
  });
});

test('every length with every number of sequences, format and mode', () => {
  const options = parseKvOptions(['--quick', '--modes', 'exact,overlap']) as KvBenchOptions;
  expect(kvCases(options).map(({ length, mode }) => `${length} ${mode}`)).toEqual([
    '4096 exact',
    '4096 overlap',
    '8192 exact',
    '8192 overlap',
  ]);
});

test.each([
  ['--lengths 100', 'multiple of 16'],
  ['--lengths', 'argument missing'],
  ['--modes overlap,slow', "not 'slow'"],
  ['--sequences 9', 'from 1 to 8'],
  ['--fill random --rco 0.5', '--rco goes with'],
  ['--rco 1', '--rco takes'],
  ['--share 2', '--share takes'],
  ['--kv int3', '--kv takes'],
  ['extra', "Unexpected argument 'extra'"],
])('refuses %j with one line', (args, message) => {
  const parse = () => parseKvOptions(args.split(' '));
  expect(parse).toThrow(message);
  expect(parse).not.toThrow('\n');
});

test('the usage text names every option', () => {
  const named = new Set([...kvUsage.matchAll(/--([a-z-]+)/g)].map((match) => match[1]));
  for (const name of [
    ...['lengths', 'modes', 'sequences', 'kv', 'steps', 'fill', 'rco', 'shape', 'share'],
    ...['pages-per-head', 'interval', 'at-once', 'profile', 'long', 'quick', 'runner', 'json'],
  ]) {
    expect(named).toContain(name);
  }
});
