/**
 * A large model with random weights of 4 bits, in MLX's layout: a source that streams as fast as bytes can be copied, since nothing is
 * converted. Integers are uniform, and a matrix has one scale, so that its values have the deviation that is wanted.
 */
import { parseModelConfig } from '../../src/config/model-config';
import type { ModelSource } from '../../src/source/model-source';
import { toF16Bits } from '../../src/util/f16';
import { planTensors } from '../../src/weights/tensor-plan';
import type { HfConfig } from '../tiny-models/model-weights';
import { randomSource } from '../util/random';
import {
  fileName,
  randomPool,
  streamedModel,
  toBf16,
  usualValues,
  type ChooseValues,
  type RandomTensor,
} from './random-model';

const bits = 4;
const groupSize = 32;

/** Deviation of integers that are uniform from 0 to 15. */
const integerDeviation = Math.sqrt((2 ** (2 * bits) - 1) / 12);

/** Random bytes that are repeated as integers: a prime number, so that rows differ. */
const poolBytes = 1_048_573;

/**
 * The source of `config`. Matrices are centred, whatever mean `choose` wants.
 * @throws Error for a matrix whose columns are no whole groups
 */
export function quantizedModel(
  id: string,
  config: HfConfig,
  choose: ChooseValues = () => undefined,
): ModelSource {
  const next = randomSource(1);
  const integers = Uint8Array.from({ length: poolBytes }, () => Math.floor(256 * next()));
  const tensors = [...planTensors(parseModelConfig(config)).values()].flatMap(({ name, shape }, index) => {
    const values = choose(name, shape) ?? usualValues(name, shape);
    const [numRows, columns] = shape;
    if (columns === undefined || values instanceof Float32Array) {
      const pool =
        values instanceof Float32Array
          ? toBf16(values)
          : randomPool(2 + index, values.mean, values.deviation);
      const sizeBytes = 2 * shape.reduce((product, size) => product * size, 1);
      return [{ name: fileName(name), dtype: 'BF16', shape, sizeBytes, pool }] satisfies RandomTensor[];
    }
    return matrixOf(fileName(name), [numRows!, columns], values.deviation, integers);
  });
  const quantization = { bits, group_size: groupSize };
  return streamedModel(id, { ...config, quantization }, tensors);
}

/** The three tensors of a matrix. */
function matrixOf(
  name: string,
  [numRows, columns]: readonly [numRows: number, columns: number],
  deviation: number,
  integers: Uint8Array<ArrayBuffer>,
): RandomTensor[] {
  const numGroups = columns / groupSize;
  if (!Number.isInteger(numGroups)) throw new Error(`${name} has ${columns} columns, no whole groups.`);
  const scale = deviation / integerDeviation;
  const module = name.slice(0, name.lastIndexOf('.'));
  const groups = (role: string, value: number): RandomTensor => ({
    name: `${module}.${role}`,
    dtype: 'F16',
    shape: [numRows, numGroups],
    sizeBytes: 2 * numRows * numGroups,
    pool: new Uint8Array(new Uint16Array(2 ** 16).fill(toF16Bits(value)).buffer),
  });
  const wordsPerRow = (columns * bits) / 32;
  return [
    {
      name,
      dtype: 'U32',
      shape: [numRows, wordsPerRow],
      sizeBytes: 4 * numRows * wordsPerRow,
      pool: integers,
    },
    groups('scales', scale),
    groups('biases', -scale * ((2 ** bits - 1) / 2)),
  ];
}
