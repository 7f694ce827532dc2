import { Device } from '../../src/gpu/device';
import { KernelCompiler } from '../../src/gpu/kernel';
import { readBuffer } from '../../src/gpu/readback';
import { Recorder } from '../../src/gpu/recorder';
import { writeTable, writeTableGrid } from '../../src/kernels/cache/write-table';
import { sharedGpu } from '../support/shared-gpu';
import { expect, test } from 'vitest';

test('the same parameters are right wherever they come to stand, and after lists stood there', async () => {
  const device = await Device.request({ gpu: sharedGpu });
  const compiler = new KernelCompiler(device);
  const recorder = new Recorder(compiler, { maxDispatches: 4, maxListBytes: 1024 });
  const table = device.buffers.create({ label: 'table', category: 'tables', sizeBytes: 4 * 256 });
  const bound = (await compiler.compile(writeTable)).bind({ table });
  const expected = new Uint32Array(256);
  const paramsOf = new Map<number, { readonly numPairs: number }>();
  const write = (...pairs: (readonly [index: number, value: number])[]) => {
    const params = paramsOf.get(pairs.length) ?? { numPairs: pairs.length };
    paramsOf.set(pairs.length, params);
    recorder.dispatch(bound, params, writeTableGrid(pairs.length), Uint32Array.from(pairs.flat()));
    for (const [index, value] of pairs) expected[index] = value;
  };
  const many = (first: number) =>
    Array.from({ length: 64 }, (_, i) => [first + i, 1000 + first + i] as const);
  try {
    write([0, 7]);
    write([1, 8], [2, 9]);
    recorder.submit();
    // As before, with other lists; then a list of 512 bytes over where parameters stood.
    write([0, 17]);
    write([3, 18], [4, 19]);
    recorder.submit();
    write(...many(64));
    write([5, 20]);
    recorder.submit();
    write([6, 21]);
    write([7, 22], [8, 23]);
    // More than the arena holds goes in two submissions.
    for (let i = 0; i < 8; i++) write([10 + i, 100 + i], [20 + i, 200 + i]);
    recorder.submit();
    expect(new Uint32Array(await readBuffer(device, table, 0, 4 * 256))).toEqual(expected);
  } finally {
    recorder.destroy();
    table.destroy();
  }
});
