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

test.each(['', 'name', 'a/b/c', '../b', 'a/..', 'a/b@', 'a/b@../..', 'a b/c', 'a/b?x', 'a/b@x#y'])(
  '%j is no name',
  (text) => {
    expect(() => parseReference(text)).toThrow(TypeError);
  },
);

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
