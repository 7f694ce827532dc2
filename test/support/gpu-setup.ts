/** Gives Node the WebGPU globals of Dawn before any test file runs; `gpu` is its `navigator.gpu`. */
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

/** Dawn's counterpart of `navigator.gpu`. */
export const gpu: GPU = create([]);
