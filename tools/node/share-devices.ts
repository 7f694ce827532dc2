/**
 * A GPU that gives one device to all engines of a process: what never changes on a device (shader modules, layouts, pipelines) is
 * made once, and not by every engine that is loaded. Buffers are each engine's own, and counted.
 */
import { setMaxListeners } from 'node:events';

/**
 * Gives the same device for the same features and limits. To destroy it does nothing: an engine frees its buffers one by
 * one before. Where a device is to be lost or to fail, take the GPU itself.
 */
export function shareDevices(gpu: GPU): GPU {
  const devices = new Map<string, Promise<GPUDevice>>();
  return {
    wgslLanguageFeatures: gpu.wgslLanguageFeatures,
    async requestAdapter(options?: GPURequestAdapterOptions) {
      const adapter = await gpu.requestAdapter(options);
      const requestDevice = adapter?.requestDevice.bind(adapter);
      if (adapter && requestDevice) {
        adapter.requestDevice = (descriptor) => {
          const key = JSON.stringify(descriptor);
          const device = devices.get(key) ?? requestDevice(descriptor).then(share);
          devices.set(key, device);
          return device;
        };
      }
      return adapter;
    },
  } as GPU;
}

/** Makes a device give what it made before where the same is asked for again. */
function share(device: GPUDevice): GPUDevice {
  const ids = new WeakMap<object, number>();
  let numIds = 0;
  const idOf = (object: object) => {
    const id = ids.get(object) ?? numIds++;
    ids.set(object, id);
    return id;
  };
  device.createShaderModule = remembering(device.createShaderModule.bind(device), ({ code }) => code);
  device.createBindGroupLayout = remembering(device.createBindGroupLayout.bind(device), ({ entries }) =>
    JSON.stringify(entries),
  );
  device.createPipelineLayout = remembering(
    device.createPipelineLayout.bind(device),
    ({ bindGroupLayouts }) => Array.from(bindGroupLayouts, (layout) => idOf(layout!)).join(),
  );
  device.createComputePipelineAsync = remembering(
    device.createComputePipelineAsync.bind(device),
    ({ layout, compute: { module, constants } }) =>
      JSON.stringify([idOf(layout as GPUPipelineLayout), idOf(module), constants]),
  );
  device.destroy = () => undefined;
  // Every engine hears of its errors.
  setMaxListeners(0, device);
  return device;
}

function remembering<D, R>(create: (descriptor: D) => R, keyOf: (descriptor: D) => string): (d: D) => R {
  const known = new Map<string, R>();
  return (descriptor) => {
    const key = keyOf(descriptor);
    const made = known.get(key) ?? create(descriptor);
    known.set(key, made);
    return made;
  };
}
