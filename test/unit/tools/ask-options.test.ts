import { expect, test } from 'vitest';
import { parseOptions, usage } from '../../../tools/ask/options.mjs';

test('reads every option, with defaults for the rest', () => {
  expect(parseOptions(['--question', 'Who?'])).toMatchObject({
    question: 'Who?',
    maxTokens: 256,
    sampling: { temperature: 0 },
    weights: undefined,
    isExact: false,
    isJson: false,
  });
  const args =
    '--prompt-ids 1,2,3 --max-tokens 5 --temperature 0.5 --top-p 0.9 --top-k 40 --min-p 0.1 --seed 7 --logprobs 20 ' +
    '--pages-per-head 8 --rerank-interval 4 --gpu-bytes 1000000 --exact --weights q4 --kv f32 --json --model m';
  expect(parseOptions(args.split(' '))).toMatchObject({
    model: 'm',
    promptIds: [1, 2, 3],
    maxTokens: 5,
    sampling: { temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.1, seed: 7 },
    numLogprobs: 20,
    kv: { pagesPerHead: 8, rerankInterval: 4, gpuBytes: 1_000_000, format: 'f32' },
    isExact: true,
    weights: 'q4',
    isJson: true,
  });
});

test.each([
  ['', 'Give one of'],
  ['--prompt a --question b', 'Give only one of'],
  ['--prompt a --doc b', 'go with --question'],
  ['--prompt a --max-tokens many', "--max-tokens takes a whole number of at least 1, not 'many'"],
  ['--prompt a --max-tokens 0', '--max-tokens'],
  ['--prompt a --top-p 1.5', '--top-p takes a number from 0 to 1'],
  ['--prompt a --seed -1', "--seed has no value; one that begins with '-' is written --seed=-…."],
  ['--prompt a --seed=-1', "--seed takes a whole number from 0 to 4294967295, not '-1'"],
  ['--prompt a --exact=1', "Option '--exact' does not take an argument."],
  ['--prompt a b', "Unexpected argument 'b'."],
  ['--prompt a --gpu-bytes=', "--gpu-bytes takes a whole number of at least 1, not ''"],
  ['--prompt a --seed 1.5', '--seed takes a whole number'],
  ['--prompt-ids 1,x', '--prompt-ids takes token ids'],
  ['--prompt a --weights int8', "--weights takes f32, f16, q8 or q4, not 'int8'"],
  ['--prompt a --kv q8', '--kv takes f32, f16 or int8'],
  ['--prompt a --colour red', "Unknown option '--colour'"],
  ['--prompt', "'--prompt <value>' argument missing"],
])('refuses %j with one line', (args, message) => {
  const parse = () => parseOptions(args.split(' ').filter(Boolean));
  expect(parse).toThrow(message);
  expect(parse).not.toThrow('\n');
});

test('the usage text names every option', () => {
  const named = [...usage.matchAll(/--([a-z-]+)/g)].map((match) => match[1]);
  for (const name of [
    'logprobs',
    'pages-per-head',
    'rerank-interval',
    'gpu-bytes',
    'kv',
    'min-p',
    'prompt-ids',
  ]) {
    expect(named).toContain(name);
  }
});
