/** Gives Node the WebGPU globals of Dawn before any test file runs; `gpu` is its `navigator.gpu`. */
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

const known = globalThis as { gpuOfTests?: GPU };
if (!known.gpuOfTests) letDawnWait();

/** Dawn's counterpart of `navigator.gpu`: one for all test files of a process, which load this file anew. */
export const gpu: GPU = (known.gpuOfTests ??= create([]));

/**
 * While something is pending Dawn for Node asks for its end at every turn of the event loop, by `setImmediate`: that keeps a
 * core busy which a software GPU could use. Once a millisecond is enough.
 */
function letDawnWait(): void {
  const { setImmediate: soon, setTimeout: later } = globalThis;
  const isNative = (callback: unknown) =>
    Function.prototype.toString.call(callback).includes('[native code]');
  const relaxed: unknown = Object.assign(
    (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
      isNative(callback) ? later(callback, 1, ...args) : soon(callback, ...args),
    soon,
  );
  globalThis.setImmediate = relaxed as typeof setImmediate;
}
