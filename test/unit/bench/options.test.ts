import { expect, test } from 'vitest';
import { parseOptions, usage } from '../../../tools/bench/options';

test('without options all models are measured, by the runner that there is', () => {
  expect(parseOptions([])).toEqual({
    models: undefined,
    runner: undefined,
    weights: undefined,
    effort: { isQuick: false },
    hasPeers: false,
    hasMatvec: false,
    numMatvecLayers: undefined,
    hasProfile: false,
    jsonPath: undefined,
  });
});

test('reads every option', () => {
  const args =
    '--models stories260K,../some/folder --runner node --weights q8 --prefill 100 --decode 20 --rounds 3 --quick --peers ' +
    '--matvec --matvec-layers 4 --profile --json out.json';
  expect(parseOptions(args.split(' '))).toEqual({
    models: ['stories260K', '../some/folder'],
    runner: 'node',
    weights: 'q8',
    effort: { isQuick: true, prefillTokens: 100, decodeTokens: 20, rounds: 3 },
    hasPeers: true,
    hasMatvec: true,
    numMatvecLayers: 4,
    hasProfile: true,
    jsonPath: 'out.json',
  });
});

test('what only Node can measure chooses that runner; none means no models', () => {
  expect(parseOptions(['--profile'])).toMatchObject({ runner: 'node' });
  expect(parseOptions(['--matvec', '--models', 'none'])).toMatchObject({ runner: 'node', models: [] });
  expect(parseOptions(['--help'])).toBe('help');
});

test.each([
  ['--runner browser --profile', '--profile and --matvec go with --runner node'],
  ['--runner deno', "--runner takes browser or node, not 'deno'"],
  ['--weights int4', "--weights takes f32, f16, q8 or q4, not 'int4'"],
  ['--prefill 0', "--prefill takes a whole number of at least 1, not '0'"],
  ['--decode 1.5', '--decode'],
  ['--rounds many', '--rounds'],
  ['--models ,', '--models takes'],
  ['--colour red', "Unknown option '--colour'"],
  ['scout', "Unexpected argument 'scout'"],
])('refuses %j with one line', (args, message) => {
  const parse = () => parseOptions(args.split(' '));
  expect(parse).toThrow(message);
  expect(parse).not.toThrow('\n');
});

test('the usage text names every option', () => {
  const named = new Set([...usage.matchAll(/--([a-z-]+)/g)].map((match) => match[1]));
  for (const name of [
    ...['models', 'runner', 'weights', 'prefill', 'decode', 'rounds', 'quick', 'peers'],
    ...['matvec', 'matvec-layers', 'profile', 'json'],
  ]) {
    expect(named).toContain(name);
  }
});
