/** Gives Node the WebGPU globals of Dawn before any test file runs; `gpu` is its `navigator.gpu`. */
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);

const known = globalThis as { gpuOfTests?: GPU };

/** Dawn's counterpart of `navigator.gpu`: one for all test files of a process, which load this file anew. */
export const gpu: GPU = (known.gpuOfTests ??= create([]));
