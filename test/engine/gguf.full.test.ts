/** A GGUF file as it is, against llama.cpp on its weights in f32. Not in the gate: five formats are many pipelines to compile. */
import { expect, test } from 'vitest';
import { EngineCore } from '../../src/engine/engine';
import { ggufSource } from '../../src/source/gguf/gguf-source';
import { compareEngine } from '../support/compare-goldens';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { tinyGguf } from '../../tools/tiny-models/gguf-files';
import { llamaCppGoldens } from '../../tools/tiny-models/models';
import { sharedGpu } from '../support/shared-gpu';

test('a GGUF file of six types, rows of q, k, gate and up put together, against llama.cpp', async () => {
  const bytes = tinyGguf();
  const folder = { name: 'tiny-gguf', title: '', files: new Map([['m.gguf', bytes]]) };
  const source = await ggufSource(folderSource(folder), 'm.gguf');
  const engine = await EngineCore.load(source, { gpu: sharedGpu, kv: { format: 'f32' } });
  // All but gate and up, of different types here, lie as in the file, values of Q6_K in 8 bits.
  expect(engine.stats().memory.gpuBytes.weights).toBeLessThan(1.7 * bytes.length);
  await compareEngine(engine, llamaCppGoldens('tiny-gguf'), 2e-3);
}, 900_000);
