/** Loads Dawn for Node from the path in `LONGPAGE_DAWN`, so that a bundle needs no package beside it. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** What `dawn.node` exports. */
interface Dawn {
  readonly globals: object;
  create(flags: readonly string[]): GPU;
}

/** Adds WebGPU's globals to this process and returns its `navigator.gpu`. @throws Error when the path is missing or wrong */
export function loadDawn(): GPU {
  const path = process.env['LONGPAGE_DAWN'];
  if (!path) throw new Error('LONGPAGE_DAWN must name the file dawn.node of the npm package webgpu.');
  const dawn = createRequire(import.meta.url)(resolve(path)) as Dawn;
  Object.assign(globalThis, dawn.globals);
  // Timestamps are otherwise rounded to 0.1 ms, longer than most dispatches.
  return dawn.create(['disable-dawn-features=timestamp_quantization']);
}
