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

test('a reference that is not in the pack is a broken invariant', async () => {
  await expect(shaderText('#0')).rejects.toThrow();
});
