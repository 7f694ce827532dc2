/** What goes wrong on the GPU's side: no GPU, a lost one, an error that comes late. Nothing hangs, nothing is swallowed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineCore } from '../../src/engine/engine';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { gpu } from '../support/gpu-setup';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

const model = tinyLlamaModel();
const unhandled: unknown[] = [];
const keep = (reason: unknown) => unhandled.push(reason);
beforeAll(() => process.on('unhandledRejection', keep));
afterAll(() => {
  process.off('unhandledRejection', keep);
  expect(unhandled).toEqual([]);
});

test.each<[string, GPU | undefined]>([
  ['no WebGPU', undefined],
  ['no adapter', { requestAdapter: () => Promise.resolve(null) } as unknown as GPU],
  [
    'an adapter that gives no device',
    {
      requestAdapter: () =>
        Promise.resolve({
          features: new Set(),
          limits: {},
          requestDevice: () => Promise.reject(new Error('not today')),
        }),
    } as unknown as GPU,
  ],
])('%s', async (_, failing) => {
  await expect(EngineCore.load(folderSource(model), { gpu: failing })).rejects.toMatchObject({
    name: 'EngineError',
    code: 'webgpu-unavailable',
  });
});

test('a device lost while the model loads is said to be, whatever fails because of it', async () => {
  const dying: GPU = Object.assign(Object.create(gpu) as GPU, {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = (await gpu.requestAdapter(options))!;
      const request = adapter.requestDevice.bind(adapter);
      return Object.assign(adapter, {
        requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
          const device = await request(descriptor);
          // As when the process that does the GPU's work ends while it allocates.
          device.popErrorScope = () => {
            device.destroy();
            return Promise.reject(new DOMException('The instance is gone.', 'OperationError'));
          };
          return device;
        },
      });
    },
  });
  await expect(EngineCore.load(folderSource(model), { gpu: dying })).rejects.toMatchObject({
    name: 'EngineError',
    code: 'device-lost',
  });
});

test('a device lost in mid-answer, without recovery: every answer, the next call, and dispose', async () => {
  const engine = await loadEngine(model, {
    gpu,
    recovery: false,
    kv: { contextTokens: 256, numSequences: 2 },
  });
  let numTokens = 0;
  const read = async (length: number) => {
    for await (const event of engine.generate(requestOf(promptOf(length), { ignoreEos: true }))) {
      if (event.kind === 'delta' && ++numTokens === 5) engine.device.handle.destroy();
    }
  };
  // Two that run, and one that waits.
  const results = await Promise.allSettled([read(5), read(150), read(7)]);
  expect(numTokens).toBeGreaterThanOrEqual(5);
  for (const result of results) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { name: 'EngineError', code: 'device-lost' },
    });
  }
  expect(await engine.lost).toMatchObject({ code: 'device-lost' });
  await expect(answer(engine, requestOf([5]))).rejects.toMatchObject({
    code: 'device-lost',
    message: expect.stringMatching(/^The GPU device was lost \(destroyed\): /),
  });
  await engine.dispose();
  expect(engine.device.buffers.use.total).toBe(0);
});

test('a device lost between answers is told, without recovery, at the next call', async () => {
  const engine = await loadEngine(model, { gpu, recovery: false, kv: { contextTokens: 64 } });
  await answer(engine, requestOf([5], { maxTokens: 2 }));
  engine.device.handle.destroy();
  await expect(answer(engine, requestOf([5]))).rejects.toMatchObject({ code: 'device-lost' });
  await engine.lost;
  await expect(answer(engine, requestOf([5]))).rejects.toMatchObject({ code: 'device-lost' });
  await engine.dispose();
});

test('an error that the GPU reports late is raised in the answer that runs and at every later call', async () => {
  const engine = await loadEngine(model, { gpu, kv: { contextTokens: 64 } });
  const { handle } = engine.device;
  let numTokens = 0;
  const read = async () => {
    for await (const event of engine.generate(requestOf(promptOf(4), { ignoreEos: true }))) {
      if (event.kind === 'delta' && ++numTokens === 3) {
        handle.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
      }
    }
  };
  const failure = { name: 'EngineError', message: expect.stringMatching(/^The GPU reported an error: /) };
  await expect(read()).rejects.toMatchObject(failure);
  await expect(answer(engine, requestOf([5]))).rejects.toMatchObject(failure);
  await engine.dispose();
});
