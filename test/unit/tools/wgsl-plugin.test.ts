/** Shaders reach the bundle in a pack. */
import { expect, test } from 'vitest';
import { shaderText, unpackShaders } from '../../../src/gpu/shader-text';
import { packShaders, readShaders } from '../../../tools/vite/wgsl-plugin';

test('what was packed comes back', async () => {
  const sources = [...readShaders().values()];
  expect(sources.length).toBeGreaterThan(20);
  expect(await unpackShaders(packShaders(sources))).toEqual(sources);
});

test('no shader begins like a reference', async () => {
  for (const source of readShaders().values()) expect(await shaderText(source)).toBe(source);
});

test.each(['#0', '~0', '^0'])(
  'a reference %s that is not in its pack is a broken invariant',
  async (reference) => {
    await expect(shaderText(reference)).rejects.toThrow();
  },
);
