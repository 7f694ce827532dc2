/** A device for the tests of a file. */
import { afterAll, beforeAll } from 'vitest';
import type { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { requestTestDevice } from './harness';

/** What `useDevice` makes; there once tests run. */
export interface DeviceOfTests {
  readonly device: Device;
  readonly compiler: KernelCompiler;
}

/** Makes a device and its compiler before the first test of a file, or of a `describe`, and destroys the device after the last. */
export function useDevice(): DeviceOfTests {
  const made: { device?: Device; compiler?: KernelCompiler } = {};
  beforeAll(async () => {
    made.device = await requestTestDevice();
    made.compiler = new KernelCompiler(made.device);
  });
  afterAll(() => made.device?.destroy());
  return made as DeviceOfTests;
}
