import { describe, expect, it } from 'vitest';
import { parseShardIndex } from '../../../src/weights/shard-index';

const index = (weight_map: unknown) => JSON.stringify({ metadata: { total_size: 1 }, weight_map });

describe('parseShardIndex', () => {
  it('lists each file once, in order of name', () => {
    const { files, fileOf } = parseShardIndex(
      index({
        b: 'model-00002-of-00002.safetensors',
        a: 'model-00001-of-00002.safetensors',
        c: 'model-00002-of-00002.safetensors',
      }),
    );
    expect(files).toEqual(['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']);
    expect(fileOf.get('c')).toBe('model-00002-of-00002.safetensors');
  });

  it.each([
    ['not JSON', '{'],
    ['no object', '[]'],
    ['no weight_map', '{}'],
    ['a weight_map that is a list', index(['a'])],
    ['an empty weight_map', index({})],
    ['a number for a file', index({ a: 3 })],
    ['a path to the parent', index({ a: '../model.safetensors' })],
    ['a path to the parent inside', index({ a: 'a..b.safetensors' })],
    ['an absolute path', index({ a: '/etc/model.safetensors' })],
    ['a folder', index({ a: 'sub/model.safetensors' })],
    ['a folder of Windows', index({ a: 'sub\\model.safetensors' })],
    ['a URL', index({ a: 'https://elsewhere/model.safetensors' })],
    ['a query', index({ a: 'model.safetensors?.safetensors' })],
    ['another kind of file', index({ a: 'pytorch_model.bin' })],
  ])('refuses %s', (_, text) => {
    expect(() => parseShardIndex(text)).toThrow(expect.objectContaining({ code: 'weights-corrupt' }));
  });
});
