/** A plan is the allocation: for shapes of every kind the parts on the device take what was planned, to the byte. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { bufferCategories, noBytes } from '../../src/gpu/buffer';
import { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { createDeviceParts } from '../../src/runner/device-parts';
import { planMemory, type KvOptions } from '../../src/runner/memory-plan';
import { openPlannedStore } from '../../src/runner/runner-parts';
import { architectureModel, modelConfigJson, tinyLlamaModel } from '../../tools/tiny-models/models';
import { parseModelConfig } from '../support/parse-config';
import { sharedGpu } from '../support/shared-gpu';

let device: Device;
let compiler: KernelCompiler;
beforeAll(async () => {
  device = await Device.request({ gpu: sharedGpu });
  compiler = new KernelCompiler(device);
});
afterAll(() => device.destroy());
afterEach(() => vi.restoreAllMocks());

const llama = parseModelConfig(modelConfigJson(tinyLlamaModel()));
const odd = { ...llama, headDim: 24, numKvHeads: 1, vocabSize: 301 };
const windows = parseModelConfig(modelConfigJson(architectureModel('gemma3')));

test.each<[string, typeof llama, KvOptions, { maxBindingBytes?: number; isInt8?: boolean }?]>([
  ['as it is without options', llama, {}],
  [
    'one sequence whose heads all keep their pages',
    llama,
    { numSequences: 1, contextTokens: 1000, pagesPerHead: 256 },
  ],
  ['heads that choose by digests', llama, { contextTokens: 2048, pagesPerHead: 8, selection: 'digest' }],
  ['and by ranges, measured', llama, { contextTokens: 1000, pagesPerHead: 4, selection: 'minmax' }],
  ['pages of 8 bits', llama, { contextTokens: 600, pagesPerHead: 6, format: 'int8' }],
  ['8 bits outside the GPU alone', llama, { contextTokens: 600, pagesPerHead: 6, hostFormat: 'int8' }],
  ['elements of 32 bits', llama, { contextTokens: 333, format: 'f32', numSequences: 3 }],
  ['products of integers', llama, { contextTokens: 512 }, { isInt8: true }],
  ['odd widths', odd, { contextTokens: 500, pagesPerHead: 5, numSequences: 3 }],
  ['odd widths, pages of 8 bits', odd, { contextTokens: 500, pagesPerHead: 5, format: 'int8' }],
  ['layers with sliding windows', windows, { contextTokens: 1024, pagesPerHead: 6 }],
  [
    'pools in several slabs',
    llama,
    { contextTokens: 2048, format: 'f32', pagesPerHead: 128, numSequences: 8 },
    { maxBindingBytes: 2 ** 22 },
  ],
  ['windows, pages of 8 bits', windows, { contextTokens: 1024, format: 'int8' }],
])('%s', async (_, config, kv, extras = {}) => {
  const { maxBindingBytes = device.maxBindingBytes, isInt8 = false } = extras;
  vi.spyOn(Device.prototype, 'maxBindingBytes', 'get').mockReturnValue(maxBindingBytes);
  const plan = planMemory({ config, weightBytes: 0, maxBindingBytes, kv, isInt8 });
  const store = await openPlannedStore(plan);
  const before = device.buffers.use.live;
  const shape = { ...plan, config, maxBindingBytes };
  const { parts, destroy } = await createDeviceParts({ compiler, shape, store });
  // The history comes with the first request that has a penalty.
  await parts.sampler.configure(0, { repetitionPenalty: 1.5 });
  const { live } = device.buffers.use;
  const taken = noBytes();
  for (const name of bufferCategories) taken[name] = live[name] - before[name];
  if (extras.maxBindingBytes) expect(parts.cache.layout.slabs.length).toBeGreaterThan(1);
  expect(taken).toEqual(plan.gpuBytes);
  destroy();
  expect(device.buffers.use.live).toEqual(before);
  await store.close();
});
