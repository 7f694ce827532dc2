import { expect, test } from 'vitest';
import type { GpuBuffer } from '../../../src/gpu/buffer';
import type { KernelCompiler, KernelSpec } from '../../../src/gpu/kernel';
import type { Recorder } from '../../../src/gpu/recorder';
import type { LinearContext } from '../../../src/graph/linear-context';
import { bindMatmul, bindMatvec, bindMatvecGated } from '../../../src/graph/linear';
import type { MatrixFormat } from '../../../src/kernels/linear/matrix-format';
import type { Matrix } from '../../../src/weights/weights';

const buffer = {} as GpuBuffer;

/** Names of the kernels that one product of each kind dispatches, in order. */
async function kernelsOf(
  format: MatrixFormat,
  { isQuantized = true, variant = 'packed-dot', isInFloats = false, numRows = 6144 } = {},
): Promise<string[]> {
  const names: string[] = [];
  const compiler = {
    device: { features: new Set() },
    chooseVariant: () => ({ name: variant, sources: [] }),
    compile: (spec: KernelSpec) => {
      return Promise.resolve({ bind: () => ({ name: spec.name }) });
    },
  } as unknown as KernelCompiler;
  const context = {
    compiler,
    config: { normEpsilon: 1e-5, activation: 'silu' },
    unused: buffer,
    quantized: isQuantized ? { codes: buffer, inputScales: buffer } : undefined,
  } as LinearContext;
  const slab = { format, values: buffer, scales: buffer, numRows, firstRow: 0 };
  const matrix = { slabs: [slab], numRows, numColumns: 4096 } as unknown as Matrix;
  const recorder = { dispatch: ({ name }: { name: string }) => names.push(name) } as unknown as Recorder;
  const shared = { x: buffer, y: buffer, outputStride: numRows };
  (await bindMatvec(context, matrix, { ...shared, rows: 1, isInFloats }))(recorder);
  (await bindMatvecGated(context, matrix, { ...shared, normWeight: buffer, rows: 1 }))(recorder);
  const rows = { numRows: 1, firstInputRow: 0, firstOutputRow: 0 };
  (await bindMatmul(context, matrix, shared))(recorder, rows);
  return names;
}

test('products are of integers where they are asked for, and can be', async () => {
  const floats = ['linear/matvec:q4', 'linear/matvec-gated:q4', 'linear/matmul:q4'];
  expect(await kernelsOf('q4')).toEqual([
    'linear/quantize-rows',
    'linear/matvec-int8:q4',
    'linear/quantize-rows-normed',
    'linear/matvec-gated-int8:q4',
    'linear/quantize-rows',
    'linear/matmul-int8:q4',
  ]);
  // A small matrix is not worth rounding a row.
  expect(await kernelsOf('q4', { numRows: 896 })).toEqual([
    ...floats.slice(0, 2),
    'linear/quantize-rows',
    'linear/matmul-int8:q4',
  ]);
  expect(await kernelsOf('q4', { isQuantized: false })).toEqual(floats);
  expect(await kernelsOf('q4', { variant: 'naive' })).toEqual(floats);
  expect(await kernelsOf('f16')).toEqual([
    'linear/matvec:f16',
    'linear/matvec-gated:f16',
    'linear/matmul:f16',
  ]);
  expect((await kernelsOf('q4', { isInFloats: true })).slice(0, 3)).toEqual([
    'linear/matvec:q4',
    'linear/quantize-rows-normed',
    'linear/matvec-gated-int8:q4',
  ]);
});
