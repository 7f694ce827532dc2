/** A row's result is the same to the bit whatever else is in the batch. */
import { describe, expect, test } from 'vitest';
import { matmul, matmulGrid } from '../../../src/kernels/linear/matmul';
import { matvec, matvecGrid, plainTuning } from '../../../src/kernels/linear/matvec';
import { matvecInt8, matvecInt8Grid } from '../../../src/kernels/linear/matvec-int8';
import { packCodes, quantizeRows } from '../../../src/reference/linear/quantize-rows';
import { inFullRun } from '../../support/full-run';
import { randomFloats } from '../../../tools/util/random';
import { availableVariants, runKernel } from '../harness';
import { useDevice } from '../use-device';
import { randomMatrix, stagedFor } from './weights';

const columns = 1088;
const outputs = 33;
const numRows = 4;
const format = 'q4';
const { buffers } = randomMatrix(format, outputs, columns, 1);
const x = randomFloats(numRows * columns, 2);
const normWeight = randomFloats(columns, 3);
const bias = randomFloats(outputs, 4);

const gpu = useDevice();

describe('matvec', () => {
  test('four rows at once and each alone', async () => {
    for (const variant of availableVariants(gpu.device, matvec(format))) {
      const run = async (rows: Float32Array<ArrayBuffer>) => {
        const count = rows.length / columns;
        const y = new Float32Array(count * outputs);
        const params = { columns, numOutputs: outputs, firstOutput: 0, outputStride: outputs, epsilon: 1e-5 };
        const tuning = { ...plainTuning, TEAM_ROWS: count };
        const constants = { NORM: 1, BIAS: 1, ROWS: count, STAGED: stagedFor(count), ...tuning };
        const grid = matvecGrid(outputs, tuning);
        const all = { ...buffers, x: rows, normWeight, bias, y };
        const results = await runKernel(
          gpu.compiler,
          { spec: matvec(format), constants, buffers: all, params, grid },
          variant,
        );
        return new Uint32Array(results['y']!);
      };
      const together = await run(x);
      for (let r = 0; r < numRows; r++) {
        const alone = await run(x.slice(r * columns, (r + 1) * columns));
        expect(together.slice(r * outputs, (r + 1) * outputs), `${variant.name}, row ${r}`).toEqual(alone);
      }
    }
  });

  test('of eight rows at once each alone, with more lanes a row', async () => {
    // Eight rows take the longest of all to compile.
    for (const format of ['f16' as const, ...inFullRun('f32' as const, 'q8' as const)]) {
      const spec = matvec(format);
      const portable = spec.variants.find(({ name }) => name === 'portable');
      const matrix = randomMatrix(format, outputs, columns, 1).buffers;
      const eight = randomFloats(8 * columns, 6);
      const run = async (rows: Float32Array<ArrayBuffer>, LANES: number) => {
        const count = rows.length / columns;
        const params = { columns, numOutputs: outputs, firstOutput: 0, outputStride: outputs, epsilon: 1e-5 };
        const buffers = { ...matrix, x: rows, normWeight, bias, y: new Float32Array(count * outputs) };
        const tuning = { ...plainTuning, LANES, TEAM_ROWS: count === 8 ? 4 : 1 };
        const constants = { NORM: 1, BIAS: 1, ROWS: count, ...tuning };
        const grid = matvecGrid(outputs, tuning);
        const results = await runKernel(gpu.compiler, { spec, constants, buffers, params, grid }, portable);
        return new Uint32Array(results['y']!);
      };
      const together = await run(eight, 32);
      const last = eight.slice(7 * columns);
      expect(together.slice(7 * outputs), format).toEqual(await run(last, 32));
      expect(together.slice(7 * outputs), format).not.toEqual(await run(last, 16));
    }
  });

  test('weights loaded ahead', async () => {
    const spec = matvec('f16');
    const halves = randomMatrix('f16', outputs, columns, 1).buffers;
    const run = async (AHEAD: number) => {
      const params = { columns, numOutputs: outputs, firstOutput: 0, outputStride: outputs, epsilon: 1e-5 };
      // Two chunks, of eight steps and of one.
      const tuning = { ...plainTuning, AHEAD };
      const constants = { NORM: 1, BIAS: 1, STAGED: stagedFor(1), ...tuning };
      const buffers = { ...halves, x: x.slice(0, columns), normWeight, bias, y: new Float32Array(outputs) };
      const portable = spec.variants.find(({ name }) => name === 'portable');
      const results = await runKernel(
        gpu.compiler,
        { spec, constants, buffers, params, grid: matvecGrid(outputs, tuning) },
        portable,
      );
      return new Uint32Array(results['y']!);
    };
    const one = await run(1);
    expect(new Set(one).size).toBe(outputs);
    expect(await run(2)).toEqual(one);
    expect(await run(4)).toEqual(one);
  });
});

describe('matvec in 8 bits', () => {
  test('eight rows at once and each alone', async () => {
    const spec = matvecInt8(format);
    const packed = spec.variants.find(({ name }) => name === 'packed-dot');
    const quantized = quantizeRows(randomFloats(8 * columns, 7), columns);
    const codes = packCodes(quantized.codes, columns);
    const run = async (first: number, count: number) => {
      const part = <T extends Uint32Array | Float32Array>(all: T) =>
        all.slice((first * all.length) / 8, ((first + count) * all.length) / 8) as T;
      const all = {
        ...buffers,
        codes: part(codes),
        inputScales: part(quantized.scales),
        bias,
        y: new Float32Array(count * outputs),
      };
      const params = { columns, numOutputs: outputs, firstOutput: 0, outputStride: outputs };
      const constants = { BIAS: 1, RESIDUAL: 0, ROWS: count };
      const grid = matvecInt8Grid(outputs);
      const results = await runKernel(gpu.compiler, { spec, constants, buffers: all, params, grid }, packed);
      return new Uint32Array(results['y']!);
    };
    const together = await run(0, 8);
    expect(new Set(together).size).toBeGreaterThan(7 * outputs);
    for (let r = 0; r < 8; r++) {
      expect(together.slice(r * outputs, (r + 1) * outputs), `row ${r}`).toEqual(await run(r, 1));
    }
  });
});

describe('matmul', () => {
  test('seven rows at once and each alone', async () => {
    const rows = randomFloats(7 * columns, 5);
    for (const variant of availableVariants(gpu.device, matmul(format))) {
      const run = async (first: number, count: number, tileRows: number) => {
        const y = new Float32Array(count * outputs);
        const params = {
          columns,
          numOutputs: outputs,
          numRows: count,
          firstOutput: 0,
          inputOffset: first * columns,
          inputStride: columns,
          outputOffset: 0,
          outputStride: outputs,
          hasBias: 1,
          isResidual: 0,
        };
        const all = { ...buffers, x: rows, bias, y };
        const results = await runKernel(
          gpu.compiler,
          {
            spec: matmul(format),
            constants: { TILE_ROWS: tileRows },
            buffers: all,
            params,
            grid: matmulGrid(outputs, count, tileRows),
          },
          variant,
        );
        return new Uint32Array(results['y']!);
      };
      const together = await run(0, 7, 64);
      for (let r = 0; r < 7; r++) {
        const alone = await run(r, 1, 32);
        expect(together.slice(r * outputs, (r + 1) * outputs), `${variant.name}, row ${r}`).toEqual(alone);
      }
    }
  });
});
