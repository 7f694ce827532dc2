import { expect, test } from 'vitest';
import { chooseFiles, parseReference, supportedArchitectures } from '../../../demo/models/hub';
import { architectures } from '../../../src/config/architectures';

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
  expect([...supportedArchitectures].sort()).toEqual(Object.keys(architectures).sort());
});
