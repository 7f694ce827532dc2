import { describe, expect, test } from 'vitest';
import { parseQuantization } from '../../../src/config/quantization';
import { decodeRows } from '../../../src/kernels/linear/weight-format';
import { ConfigFields } from '../../../src/util/config-fields';
import type { MlxPart } from '../../../src/weights/mlx-groups';
import { mlxFormat, mlxScales, mlxValues } from '../../../src/weights/mlx-rows';
import { expectClose } from '../../support/compare';
import { randomMlxMatrix } from '../../support/mlx';

const [numRows, numColumns] = [3, 256];

describe.each([2, 3, 4, 5, 6, 8])('%i bits', (bits) => {
  test.each([
    [32, 'F16'],
    [64, 'BF16'],
    [128, 'F16'],
  ] as const)('in groups of %i with scales in %s hold the same weights', (groupSize, type) => {
    const matrix = randomMlxMatrix(numRows, numColumns, { bits, groupSize, type, seed: bits });
    const part: MlxPart = { bits, groupSize, role: 'scales', numColumns };
    for (const format of [mlxFormat(part, type), 'q8-f32-16'] as const) {
      const values = mlxValues(matrix.weight, bits, format, numColumns);
      const scales = mlxScales(type, matrix, part, format)!;
      const weights = decodeRows(format, { values, scales }, numRows, numColumns);
      expectClose(weights, matrix.values, { absolute: 0 });
    }
  });
});

test('scales that are infinite are found', () => {
  const matrix = randomMlxMatrix(numRows, numColumns, { bits: 4, groupSize: 64, type: 'BF16', seed: 1 });
  matrix.biases[1] = 0xff;
  matrix.biases[0] = 0x80;
  const part: MlxPart = { bits: 4, groupSize: 64, role: 'biases', numColumns };
  expect(mlxScales('BF16', matrix, part, 'q4-bf16-64')).toBeUndefined();
});

describe('parseQuantization', () => {
  const parse = (config: Record<string, unknown>) => parseQuantization(new ConfigFields(config));

  test('takes MLX, with what single modules have', () => {
    expect(parse({})).toBeUndefined();
    expect(
      parse({
        quantization: {
          group_size: 64,
          bits: 4,
          mode: 'affine',
          'model.embed_tokens': { group_size: 32, bits: 8 },
          lm_head: false,
        },
      }),
    ).toEqual({
      bits: 4,
      groupSize: 64,
      overrides: { 'model.embed_tokens': { bits: 8, groupSize: 32 }, lm_head: false },
    });
    expect(parse({ quantization_config: { group_size: 32, bits: 6 } })).toMatchObject({
      bits: 6,
      groupSize: 32,
    });
  });

  test.each([
    [{ quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128 } }, /gptq.*GGUF/],
    [{ quantization_config: { quant_method: 'awq', bits: 4, group_size: 128 } }, /awq/],
    [{ quantization_config: { quant_method: 'bitsandbytes' } }, /bitsandbytes/],
    [{ quantization: { group_size: 32, bits: 4, mode: 'mxfp4' } }, /mxfp4/],
    [{ quantization: { group_size: 16, bits: 4 } }, /group_size/],
    [{ quantization: { group_size: 64, bits: 7 } }, /bits/],
    [{ quantization: 'yes' }, /quantization/],
  ])('refuses %j by name', (config, message) => {
    expect(() => parse(config)).toThrow(message);
    expect(() => parse(config)).toThrow(expect.objectContaining({ code: 'model-unsupported' }));
  });
});
