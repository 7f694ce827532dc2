/** The device that test files share: one for all, whose pipelines are made once. */
import { expect, test, vi } from 'vitest';
import { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { copyPages } from '../../src/kernels/cache/copy-pages';
import { rmsNorm } from '../../src/kernels/norm/rms-norm';
import { sharedGpu } from '../support/shared-gpu';

test('another engine has the same device and its pipelines; other limits are another device', async () => {
  const compile = async (useDefaultLimits = false) => {
    const device = await Device.request({ gpu: sharedGpu, useDefaultLimits });
    const compiler = new KernelCompiler(device);
    const [norm, copy] = await Promise.all([compiler.compile(rmsNorm), compiler.compile(copyPages)]);
    return { device, norm: norm.pipeline, copy: copy.pipeline };
  };
  const first = await compile();
  const isLost = vi.fn();
  void first.device.handle.lost.then(isLost);
  first.device.destroy();
  const second = await compile();
  expect(second.device.handle).toBe(first.device.handle);
  expect(second.device.buffers).not.toBe(first.device.buffers);
  expect(second.norm).toBe(first.norm);
  expect(second.copy).toBe(first.copy);
  expect(second.norm).not.toBe(second.copy);
  expect((await compile(true)).device.handle).not.toBe(first.device.handle);
  expect(isLost).not.toHaveBeenCalled();
});

test('a device that ends takes its listener for late errors away from what it shares', async () => {
  const { handle } = await Device.request({ gpu: sharedGpu });
  const added = vi.spyOn(handle, 'addEventListener');
  const removed = vi.spyOn(handle, 'removeEventListener');
  const another = await Device.request({ gpu: sharedGpu });
  expect(another.handle).toBe(handle);
  expect(added).toHaveBeenCalledTimes(1);
  expect(removed).not.toHaveBeenCalled();
  another.destroy();
  expect(removed.mock.calls).toEqual(added.mock.calls);
  vi.restoreAllMocks();
});
