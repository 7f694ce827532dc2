import { describe, expect, test } from 'vitest';
import {
  chooseFiles,
  modelOf,
  parseReference,
  readHubAnswer,
  supportedArchitectures,
} from '../../../src/source/hub/hub';
import { mayComeFrom } from '../../../src/source/hub/hub-address';
import { architectures } from '../../../src/config/architectures';
import { otherArchitectures } from '../../../src/config/other-architectures';

test.each([
  ['Qwen/Qwen3-0.6B', 'Qwen/Qwen3-0.6B', 'main'],
  [' owner/a.b_c@v1.0 ', 'owner/a.b_c', 'v1.0'],
  ['https://huggingface.co/owner/name', 'owner/name', 'main'],
  ['https://huggingface.co/owner/name/tree/refs/pr/1', 'owner/name', 'refs/pr/1'],
])('%j is %s at %s', (text, repository, revision) => {
  expect(parseReference(text)).toEqual({ repository, revision });
});

test('a GGUF file of a repository is named by how it is quantised', () => {
  const q4 = { repository: 'owner/name-GGUF', quantization: 'Q4_K_M' };
  expect(parseReference('owner/name-GGUF:Q4_K_M')).toEqual({ ...q4, revision: 'main' });
  expect(parseReference('owner/name-GGUF:Q4_K_M@v2')).toEqual({ ...q4, revision: 'v2' });
});

test('of GGUF files one model is chosen, with all its parts', () => {
  const parts = ['m-Q8_0-00001-of-00002.gguf', 'm-Q8_0-00002-of-00002.gguf'];
  const files = [
    'README.md',
    'mmproj-m-F16.gguf',
    'm.IQ2_XXS.gguf',
    'm-Q4_K_M.gguf',
    ...parts,
    'BF16/m.gguf',
  ];
  expect(chooseFiles(files)).toEqual(['m-Q4_K_M.gguf']);
  expect(chooseFiles(files, 'q8_0')).toEqual(parts);
  expect(chooseFiles(files, 'Q5_K_M')).toEqual([]);
  // Beside safetensors they count where they are asked for.
  const folder = ['config.json', 'tokenizer.json', 'model.safetensors'];
  expect(chooseFiles([...folder, ...files])).toEqual(folder);
  expect(chooseFiles([...folder, ...files], 'Q4_K_M')).toEqual(['m-Q4_K_M.gguf']);
});

test.each([
  '',
  'name',
  'a/b:',
  'a/b:c:d',
  'a/b:c/d',
  'a/b/c',
  '../b',
  'a/..',
  'a/b@',
  'a/b@../..',
  'a b/c',
  'a/b?x',
  'a/b@x#y',
])('%j is no name', (text) => {
  expect(() => parseReference(text)).toThrow(TypeError);
});

test('of a repository the files that the engine reads are chosen, whole weights before shards', () => {
  const shards = ['model.safetensors.index.json', 'model-00001-of-00002.safetensors'];
  const others = ['README.md', 'consolidated.safetensors', 'onnx/model.onnx', 'adapter_model.safetensors'];
  const few = ['config.json', 'tokenizer.json', 'chat_template.jinja'];
  expect(chooseFiles([...few, ...shards, ...others])).toEqual([...few, ...shards]);
  expect(chooseFiles([...few, ...shards, ...others, 'model.safetensors'])).toEqual([
    ...few,
    'model.safetensors',
  ]);
});

test('the architectures that may be downloaded are those that the engine runs', () => {
  const known = Object.keys({ ...architectures, ...otherArchitectures });
  expect([...supportedArchitectures].sort()).toEqual(known.sort());
});

test.each([
  'https://example.com/owner/name',
  'https://huggingface.co.example.com/owner/name',
  'https://huggingface.co@example.com/owner/name',
  'ftp://huggingface.co/owner/name',
  'javascript://huggingface.co/owner/name',
  'https://huggingface.co/owner/name?x=y',
])('%s is not taken for the hub’s owner/name', (text) => {
  expect(() => parseReference(text)).toThrow(TypeError);
});

test('a mirror has addresses of its own', () => {
  const mirror = 'https://mirror.example/hub';
  const model = { repository: 'owner/name', revision: 'main' };
  expect(parseReference('https://mirror.example/hub/owner/name', mirror)).toEqual(model);
  expect(parseReference('https://huggingface.co/owner/name', mirror)).toEqual(model);
  expect(() => parseReference('https://mirror.example/owner/name', mirror)).toThrow(
    /no address of the hub, mirror.example/,
  );
});

describe('an answer of the hub', () => {
  const commit = 'a'.repeat(40);
  const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
  const siblings = names.map((rfilename) => ({ rfilename, size: 10 }));
  const reference = { repository: 'owner/name', revision: 'main' };
  const read = (value: unknown) => modelOf(reference, 'https://hub.example', readHubAnswer(value));

  test('that is one gives the files', () => {
    expect(read({ sha: commit, siblings, safetensors: { total: 7 } })).toMatchObject({
      commit,
      totalBytes: 30,
      weightBytes: 14,
    });
  });

  test('of an embedding model has the file within a folder, kept under another name', () => {
    const all = [...siblings, { rfilename: '1_Pooling/config.json', size: 2 }];
    expect(read({ sha: commit, siblings: all }).files.at(-1)).toEqual({
      name: '1_Pooling_config.json',
      sizeBytes: 2,
      url: `https://hub.example/owner/name/resolve/${commit}/1_Pooling/config.json`,
    });
  });

  test.each([
    ['null', null],
    ['a list', [1]],
    ['a text', 'x'],
    ['a number', 7],
    ['of another shape', { sha: commit, siblings: { a: 1 } }],
    ['with files that are none', { sha: commit, siblings: [null] }],
    ['with files without names', { sha: commit, siblings: [{ rfilename: { toString: 1 }, size: 1 }] }],
    ['without a commit', { sha: ['x'], siblings }],
    [
      'with a negative size',
      { sha: commit, siblings: [...siblings.slice(1), { rfilename: names[0], size: -1 }] },
    ],
    [
      'with an absurd size',
      { sha: commit, siblings: [...siblings.slice(1), { rfilename: names[0], size: 2 ** 52 }] },
    ],
    [
      'with a size that is no number',
      { sha: commit, siblings: [...siblings.slice(1), { rfilename: names[0], size: '9' }] },
    ],
  ])('%s is a network error', (_, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ name: 'EngineError', code: 'network' }));
  });

  test.each([
    ['without weights', { sha: commit, siblings: siblings.slice(0, 2) }],
    ['without files', { sha: commit }],
    [
      'of architectures that are no names',
      { sha: commit, siblings, config: { architectures: [{ toString: 1 }, 3] } },
    ],
  ])('%s is a model that is not supported', (_, value) => {
    expect(() => read(value)).toThrow(expect.objectContaining({ code: 'model-unsupported' }));
  });

  test.each([{ total: -5 }, { total: 1e300 }, null, 'x', [3]])(
    'the number of weights %j is not believed',
    (safetensors) => {
      expect(read({ sha: commit, siblings, safetensors }).weightBytes).toBe(10);
    },
  );

  test('names of files are escaped in addresses', () => {
    const file = { rfilename: 'm?x#y-Q4_0.gguf', size: 1 };
    expect(read({ sha: commit, siblings: [file] }).files[0]!.url).toBe(
      `https://hub.example/owner/name/resolve/${commit}/m%3Fx%23y-Q4_0.gguf`,
    );
  });
});

test.each([
  ['https://huggingface.co/a', 'https://huggingface.co/b', true],
  ['https://huggingface.co/a', 'https://cdn-lfs.hf.co/b', true],
  ['https://huggingface.co/a', 'https://cas-bridge.xethub.hf.co/b', true],
  ['https://huggingface.co/a', 'https://nothf.co/b', false],
  ['https://huggingface.co/a', 'http://cdn-lfs.hf.co/b', false],
  ['https://mirror.example/a', 'https://store.example/b', true],
  ['https://mirror.example/a', 'http://store.example/b', false],
  ['http://127.0.0.1:8/a', 'http://127.0.0.1:9/b', true],
])('%s may be answered from %s: %j', (asked, answered, may) =>
  expect(mayComeFrom(asked, answered)).toBe(may),
);
