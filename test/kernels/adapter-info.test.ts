/** Browsers before Chrome 127 have no `adapter.info`. */
import { expect, test } from 'vitest';
import { Device } from '../../src/gpu/device';
import { gpu } from '../support/gpu-setup';

/** The real adapter without `info`, as older browsers give it. */
async function olderGpu(isFallbackAdapter: boolean | undefined): Promise<GPU> {
  const adapter = (await gpu.requestAdapter())!;
  const older = new Proxy(adapter, {
    get: (target, name) => {
      if (name === 'info') return undefined;
      if (name === 'isFallbackAdapter') return isFallbackAdapter;
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { requestAdapter: () => Promise.resolve(older) } as unknown as GPU;
}

test.each([true, false, undefined])(
  'an adapter without info, a program on the CPU: %s',
  async (isFallback) => {
    const device = await Device.request({ gpu: await olderGpu(isFallback) });
    expect(device.features.has('software')).toBe(isFallback === true);
    expect(device.adapter.vendor).toBe('');
    device.destroy();
  },
);
