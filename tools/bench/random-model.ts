/**
 * A model of any shape with random weights, made while it is read: a source that streams seeded safetensors and holds about a
 * megabyte, however large the model. The tokenizer is the tests' tiny one, so prompts are given as token ids.
 */
import { parseModelConfig, type ModelConfig } from '../../src/config/model-config';
import type { ModelSource } from '../../src/source/model-source';
import { planTensors } from '../../src/weights/tensor-plan';
import type { HfConfig } from '../tiny-models/model-weights';
import { randomSource } from '../util/random';
import { tinyChatTemplate, tinyTokenizerConfig, tinyTokenizerJson } from '../tiny-models/tiny-tokenizer';

/** Random numbers that are repeated, and elements of one streamed piece: a prime number. */
const poolElements = 131_071;

/** A tensor of the file: its place among the data, and the bytes that are repeated in it. */
export interface RandomTensor {
  readonly name: string;
  readonly dtype: 'BF16' | 'F16' | 'U32';
  readonly shape: readonly number[];
  readonly sizeBytes: number;
  readonly pool: Uint8Array<ArrayBuffer>;
}

/** The values of one tensor: uniform with a mean and a standard deviation, or given, as many as there are. */
export type TensorValues = { readonly mean: number; readonly deviation: number } | Float32Array<ArrayBuffer>;

/** The values of a tensor by its name, as in `layers.0.self_attn.q_proj.bias`; undefined: the usual ones. */
export type ChooseValues = (name: string, shape: readonly number[]) => TensorValues | undefined;

/**
 * The source of `config` in bf16. Values repeat with a period of `poolElements`, which is prime to every row width, so rows
 * of a tensor differ (layers are alike); deviations keep activations in range through any number of layers.
 */
export function randomModel(
  id: string,
  config: HfConfig,
  choose: ChooseValues = () => undefined,
): ModelSource {
  return streamedModel(id, config, planRandomTensors(parseModelConfig(config), choose));
}

/** The source of a model whose one file has these tensors, in this order. */
export function streamedModel(id: string, config: object, tensors: readonly RandomTensor[]): ModelSource {
  const header = headerOf(tensors);
  const sizeBytes = header.length + tensors.reduce((sum, tensor) => sum + tensor.sizeBytes, 0);
  const texts = new Map([
    ['config.json', JSON.stringify(config)],
    ['tokenizer.json', JSON.stringify(tinyTokenizerJson())],
    ['tokenizer_config.json', JSON.stringify(tinyTokenizerConfig())],
    ['chat_template.jinja', tinyChatTemplate],
  ]);
  return {
    id,
    readText: (name) => Promise.resolve(texts.get(name)),
    open: (name, { offsetBytes = 0, signal } = {}) => {
      if (name !== 'model.safetensors') return Promise.resolve(undefined);
      const pieces = skip(piecesOf(header, tensors), offsetBytes);
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          pull(controller) {
            if (signal?.aborted) {
              controller.error(signal.reason);
              return;
            }
            const { done, value } = pieces.next();
            if (done) controller.close();
            else controller.enqueue(value);
          },
        },
        { highWaterMark: 0 },
      );
      return Promise.resolve({ sizeBytes, stream });
    },
  };
}

function planRandomTensors(config: ModelConfig, choose: ChooseValues): RandomTensor[] {
  const pools = new Map<string, Uint8Array<ArrayBuffer>>();
  const poolFor = (name: string, shape: readonly number[]): Uint8Array<ArrayBuffer> => {
    const values = choose(name, shape) ?? usualValues(name, shape);
    if (values instanceof Float32Array) return toBf16(values);
    const { mean, deviation } = values;
    const key = `${mean} ${deviation}`;
    const pool = pools.get(key) ?? randomPool(pools.size + 1, mean, deviation);
    pools.set(key, pool);
    return pool;
  };
  return [...planTensors(config).values()].map(({ name, shape }) => ({
    name: fileName(name),
    dtype: 'BF16',
    shape,
    sizeBytes: 2 * shape.reduce((product, size) => product * size, 1),
    pool: poolFor(name, shape),
  }));
}

/** A planned tensor's name in a file. */
export function fileName(name: string): string {
  return name.startsWith('lm_head.') ? name : `model.${name}`;
}

/** Norms are near 1, biases small, and a matrix keeps the scale of what it is multiplied with. */
export function usualValues(name: string, shape: readonly number[]): { mean: number; deviation: number } {
  if (name.endsWith('.bias')) return { mean: 0, deviation: 0.1 };
  const [, columns] = shape;
  return columns === undefined ? { mean: 1, deviation: 0.1 } : { mean: 0, deviation: 1 / Math.sqrt(columns) };
}

/** `poolElements` bf16 values, uniform with this mean and deviation. */
export function randomPool(seed: number, mean: number, deviation: number): Uint8Array<ArrayBuffer> {
  const next = randomSource(seed);
  const halfRange = deviation * Math.sqrt(3);
  return toBf16(Float32Array.from({ length: poolElements }, () => mean + (2 * next() - 1) * halfRange));
}

export function toBf16(values: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer);
  return new Uint8Array(Uint16Array.from(bits, (pattern) => pattern >>> 16).buffer);
}

/** The length, as a little-endian u64, and the JSON of a safetensors file. */
function headerOf(tensors: readonly RandomTensor[]): Uint8Array<ArrayBuffer> {
  let offset = 0;
  const entries = tensors.map(({ name, dtype, shape, sizeBytes }) => {
    const begin = offset;
    offset += sizeBytes;
    return [name, { dtype, shape, data_offsets: [begin, offset] }] as const;
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const header = new Uint8Array(8 + json.length);
  new DataView(header.buffer).setUint32(0, json.length, true);
  header.set(json, 8);
  return header;
}

/** The whole file in pieces that are copies, since a stream's reader may keep or transfer what it gets. */
function* piecesOf(
  header: Uint8Array<ArrayBuffer>,
  tensors: readonly RandomTensor[],
): Generator<Uint8Array<ArrayBuffer>, undefined> {
  yield header.slice();
  for (const { sizeBytes, pool } of tensors) {
    for (let done = 0; done < sizeBytes; done += pool.length) yield pool.slice(0, sizeBytes - done);
  }
}

/** What is left of `pieces` after their first `numBytes` bytes. */
function* skip(
  pieces: Generator<Uint8Array<ArrayBuffer>, undefined>,
  numBytes: number,
): Generator<Uint8Array<ArrayBuffer>, undefined> {
  let left = numBytes;
  for (const piece of pieces) {
    if (left < piece.length) yield left > 0 ? piece.slice(left) : piece;
    left = Math.max(0, left - piece.length);
  }
}
