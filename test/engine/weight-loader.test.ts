/** Weights from files of every kind to the GPU and back, against the files' own values. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/gpu/device';
import { readBuffer } from '../../src/gpu/readback';
import {
  decodeRows,
  encodeRows,
  matrixLayout,
  type WeightFormat,
} from '../../src/kernels/linear/weight-format';
import type { ModelConfig } from '../../src/config/model-config';
import { parseModelConfig } from '../support/parse-config';
import type { ModelSource } from '../../src/source/model-source';
import { readModelConfig } from '../../src/config/read-model-config';
import { weightBytes } from '../../src/weights/weight-layout';
import { loadWeights, type LoadProgress } from '../../src/weights/weight-loader';
import { destroyWeights, type Matrix, type ModelWeights } from '../../src/weights/weights';
import { EngineError } from '../../src/util/errors';
import { expectClose } from '../support/compare';
import { gpu } from '../support/gpu-setup';
import { makeWeights, type HfConfig } from '../../tools/tiny-models/model-weights';
import { randomSource } from '../../tools/util/random';
import {
  readSafetensors,
  roundTo,
  writeSafetensors,
  type FloatType,
  type Tensor,
} from '../../tools/tiny-models/safetensors';

const modelTypes = {
  Llama: 'llama',
  Qwen2: 'qwen2',
  Qwen3: 'qwen3',
  Phi3: 'phi3',
  SmolLM3: 'smollm3',
} as const;

function configOf(name: keyof typeof modelTypes, fields: Partial<HfConfig> = {}): HfConfig {
  return {
    architectures: [`${name}ForCausalLM`],
    model_type: modelTypes[name],
    vocab_size: 67,
    hidden_size: 40,
    intermediate_size: 52,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    tie_word_embeddings: false,
    ...fields,
  };
}

/** A model folder in memory whose streams come in chunks of `chunkBytes`, and what became of the streams. */
class MemorySource implements ModelSource {
  readonly id = 'memory';
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly requests: string[] = [];
  chunkBytes = 1000;
  numOpen = 0;
  knowsSizes = true;

  readText(name: string): Promise<string | undefined> {
    const file = this.files.get(name);
    return Promise.resolve(file && new TextDecoder().decode(file));
  }

  open(name: string): ReturnType<ModelSource['open']> {
    const file = this.files.get(name);
    if (!file) return Promise.resolve(undefined);
    this.requests.push(name);
    this.numOpen++;
    let offset = 0;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => {
        if (offset < file.length) controller.enqueue(file.slice(offset, (offset += this.chunkBytes)));
        else {
          this.numOpen--;
          controller.close();
        }
      },
      cancel: () => {
        this.numOpen--;
      },
    });
    return Promise.resolve({ sizeBytes: this.knowsSizes ? file.length : undefined, stream });
  }
}

function sourceOf(tensors: ReadonlyMap<string, Tensor>, type: FloatType): MemorySource {
  const source = new MemorySource();
  source.files.set('model.safetensors', writeSafetensors(tensors, type));
  return source;
}

/** The same tensors in `numShards` files. */
function shardedSourceOf(
  tensors: ReadonlyMap<string, Tensor>,
  type: FloatType,
  numShards: number,
): MemorySource {
  const source = new MemorySource();
  const weight_map: Record<string, string> = {};
  const names = [...tensors.keys()];
  for (let shard = 0; shard < numShards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${numShards}.safetensors`;
    const mine = names.filter((_, i) => i % numShards === shard);
    source.files.set(file, writeSafetensors(new Map(mine.map((name) => [name, tensors.get(name)!])), type));
    for (const name of mine) weight_map[name] = file;
  }
  source.files.set('model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map })));
  return source;
}

let device: Device;
beforeAll(async () => {
  device = await Device.request({ gpu });
});
afterAll(() => device.destroy());

/** A matrix's values as the GPU holds them. */
async function readMatrix({ numRows, numColumns, slabs }: Matrix): Promise<Float32Array<ArrayBuffer>> {
  const result = new Float32Array(numRows * numColumns);
  let row = 0;
  for (const slab of slabs) {
    const { format } = slab;
    const layout = matrixLayout(format, numColumns);
    expect(slab.firstRow).toBe(row);
    const values = new Uint8Array(
      await readBuffer(device, slab.values, 0, slab.numRows * layout.valueBytesPerRow),
    );
    const scales =
      slab.scales &&
      new Uint8Array(await readBuffer(device, slab.scales, 0, slab.numRows * layout.scaleBytesPerRow));
    result.set(
      decodeRows(format, { values, ...(scales && { scales }) }, slab.numRows, numColumns),
      row * numColumns,
    );
    row += slab.numRows;
  }
  expect(row).toBe(numRows);
  return result;
}

/** Rows of several tensors one after another, or taken in turns. */
function join(parts: readonly Tensor[], isInterleaved: boolean): Float32Array<ArrayBuffer> {
  const columns = parts[0]!.shape[1] ?? 1;
  const joined = new Float32Array(parts.reduce((total, { data }) => total + data.length, 0));
  let start = 0;
  for (const [i, { data }] of parts.entries()) {
    if (!isInterleaved) joined.set(data, start);
    else {
      for (let row = 0; row * columns < data.length; row++) {
        joined.set(data.subarray(row * columns, (row + 1) * columns), (row * parts.length + i) * columns);
      }
    }
    start += data.length;
  }
  return joined;
}

/** Both halves of a tensor of twice as many rows. */
function halves({ data, shape: [numRows, ...rest] }: Tensor): Tensor[] {
  const shape = [numRows! / 2, ...rest];
  return [0, 1].map((half) => ({
    shape,
    data: data.slice((half * data.length) / 2, ((half + 1) * data.length) / 2),
  }));
}

/** Compares everything that was loaded with the tensors of the file, rounded to the format. */
async function expectWeights(
  weights: ModelWeights,
  tensors: ReadonlyMap<string, Tensor>,
  config: ModelConfig,
): Promise<void> {
  const tensor = (name: string) => tensors.get(name) ?? tensors.get(`model.${name}`)!;
  const expectMatrix = async (matrix: Matrix, parts: readonly Tensor[], isInterleaved = false) => {
    const { numRows, numColumns, slabs } = matrix;
    const { format } = slabs[0]! as { format: WeightFormat };
    const encoded = encodeRows(format, join(parts, isInterleaved), numRows, numColumns);
    expectClose(await readMatrix(matrix), decodeRows(format, encoded, numRows, numColumns), { absolute: 0 });
  };
  const expectVector = async (
    buffer: ModelWeights['finalNorm'] | undefined,
    parts: Tensor[],
    inTurns = false,
  ) => {
    const expected = join(parts, inTurns);
    expect(new Float32Array(await readBuffer(device, buffer!, 0, expected.byteLength))).toEqual(expected);
  };
  await expectMatrix(weights.embedding, [tensor('embed_tokens.weight')]);
  await expectVector(weights.finalNorm, [tensor('norm.weight')]);
  if (config.isHeadTied) expect(weights.head).toBeUndefined();
  else await expectMatrix(weights.head!, [tensor('lm_head.weight')]);
  expect(weights.layers).toHaveLength(config.numLayers);
  for (const [i, layer] of weights.layers.entries()) {
    const part = (name: string) => tensor(`layers.${i}.${name}`);
    const qkv = (kind: string) =>
      config.hasFusedQkv
        ? [part(`self_attn.qkv_proj.${kind}`)]
        : ['q', 'k', 'v'].map((name) => part(`self_attn.${name}_proj.${kind}`));
    const gateUp = (kind: string) =>
      config.hasFusedGateUp
        ? halves(part(`mlp.gate_up_proj.${kind}`))
        : ['gate', 'up'].map((name) => part(`mlp.${name}_proj.${kind}`));
    await expectVector(layer.attentionNorm, [part('input_layernorm.weight')]);
    await expectVector(layer.mlpNorm, [part('post_attention_layernorm.weight')]);
    await expectMatrix(layer.qkv, qkv('weight'));
    await expectMatrix(layer.output, [part('self_attn.o_proj.weight')]);
    await expectMatrix(layer.gateUp, gateUp('weight'), true);
    await expectMatrix(layer.down, [part('mlp.down_proj.weight')]);
    expect(!!layer.qkvBias).toBe(config.hasQkvBias);
    if (config.hasQkvBias) await expectVector(layer.qkvBias, qkv('bias'));
    expect(!!layer.outputBias).toBe(config.hasOutputBias);
    if (config.hasOutputBias) await expectVector(layer.outputBias, [part('self_attn.o_proj.bias')]);
    expect(!!layer.qkNorm).toBe(config.qkNorm !== 'none');
    if (config.qkNorm !== 'none') {
      await expectVector(layer.qkNorm, [part('self_attn.q_norm.weight'), part('self_attn.k_norm.weight')]);
    }
    expect(!!layer.gateUpBias).toBe(config.hasMlpBias);
    if (config.hasMlpBias) {
      await expectVector(layer.gateUpBias, gateUp('bias'), true);
      await expectVector(layer.downBias, [part('mlp.down_proj.bias')]);
    }
  }
}

interface LoadedAs {
  readonly format: WeightFormat;
  readonly maxBindingBytes?: number;
}

/** Loads, compares, frees; the account of bytes is checked on the way. */
async function loadAndCompare(
  source: ModelSource,
  config: ModelConfig,
  tensors: ReadonlyMap<string, Tensor>,
  { format, maxBindingBytes = device.maxBindingBytes }: LoadedAs,
): Promise<void> {
  const weights = await loadWeights(device, config, source, { format, maxBindingBytes });
  try {
    const { live, total } = device.buffers.use;
    expect(live.weights).toBe(weightBytes(config, format, maxBindingBytes));
    expect(total).toBe(live.weights);
    await expectWeights(weights, tensors, config);
  } finally {
    destroyWeights(weights);
  }
  expect(device.buffers.use.total).toBe(0);
}

describe('loadWeights', () => {
  const formats = ['f32', 'f16', 'q8', 'q4'] as const;
  const hf = configOf('Qwen3', { attention_bias: true });
  const config = parseModelConfig(hf);

  for (const type of ['F32', 'F16', 'BF16'] as const) {
    it.each(formats)(`loads ${type} as %s`, async (format) => {
      const tensors = makeWeights(hf, 'loader', type);
      await loadAndCompare(sourceOf(tensors, type), config, tensors, { format });
    });
  }

  it.each(formats)('cuts %s into slabs', async (format) => {
    const tensors = makeWeights(hf, 'loader', 'F32');
    await loadAndCompare(sourceOf(tensors, 'F32'), config, tensors, { format, maxBindingBytes: 1039 });
  });

  const architectures: [keyof typeof modelTypes, Partial<HfConfig>][] = [
    ['Llama', { attention_bias: true, mlp_bias: true }],
    ['Llama', { tie_word_embeddings: true }],
    ['Qwen2', {}],
    ['SmolLM3', { tie_word_embeddings: true }],
    ['Phi3', {}],
  ];
  it.each(architectures)('loads %s with %j', async (name, fields) => {
    const other = configOf(name, fields);
    const tensors = makeWeights(other, 'loader', 'F32');
    await loadAndCompare(sourceOf(tensors, 'F32'), parseModelConfig(other), tensors, {
      format: 'f16',
      maxBindingBytes: 1039,
    });
  });

  it('cuts a matrix into pieces where it is larger than one', async () => {
    // As f32 the embedding has 5.2 MB, gate and up 4.2 MB each: above the 4 MiB of a piece.
    const fields = { vocab_size: 4100, hidden_size: 320, intermediate_size: 3304, num_hidden_layers: 1 };
    const large = configOf('Llama', { ...fields, tie_word_embeddings: true });
    const tensors = makeWeights(large, 'large', 'F32');
    const source = sourceOf(tensors, 'F32');
    source.chunkBytes = 1_000_003;
    await loadAndCompare(source, parseModelConfig(large), tensors, {
      format: 'f32',
      maxBindingBytes: 2 ** 21,
    });
  });

  it('takes names without their prefix, skips what it does not need, does without the size', async () => {
    const tensors = makeWeights(hf, 'loader', 'F32');
    const bare = new Map([...tensors].map(([name, tensor]) => [name.replace(/^model\./, ''), tensor]));
    bare.set('layers.0.self_attn.rotary_emb.inv_freq', { shape: [8], data: new Float32Array(8) });
    const source = sourceOf(bare, 'F32');
    source.knowsSizes = false;
    await loadAndCompare(source, config, tensors, { format: 'f32' });
  });

  it('reads each shard once, in order, and reports bytes', async () => {
    const tensors = makeWeights(hf, 'loader', 'F16');
    const source = shardedSourceOf(tensors, 'F16', 3);
    const reports: LoadProgress[] = [];
    const onProgress = (progress: LoadProgress) => void reports.push(progress);
    destroyWeights(await loadWeights(device, config, source, { format: 'f32', onProgress }));
    expect(source.requests).toEqual([1, 2, 3].map((shard) => `model-0000${shard}-of-00003.safetensors`));
    const sizes = source.requests.map((name) => source.files.get(name)!.length);
    const totalBytes = sizes.reduce((total, size) => total + size, 0);
    expect(reports.at(-1)).toEqual({ phase: 'weights', loadedBytes: totalBytes, totalBytes });
    for (const [i, { loadedBytes, totalBytes: estimate }] of reports.entries()) {
      expect(loadedBytes).toBeGreaterThanOrEqual(reports[i - 1]?.loadedBytes ?? 0);
      expect(loadedBytes).toBeLessThanOrEqual(estimate);
    }
    await loadAndCompare(source, config, tensors, { format: 'q8' });
  });
});

describe('a load that fails', () => {
  const hf = configOf('Llama');
  const config = parseModelConfig(hf);
  const tensors = makeWeights(hf, 'failing', 'F32');

  /** The error of a load, after which nothing may be left over. */
  async function failure(source: MemorySource, options: Partial<Parameters<typeof loadWeights>[3]> = {}) {
    const error: unknown = await loadWeights(device, config, source, { format: 'f16', ...options }).then(
      (weights) => {
        destroyWeights(weights);
        return undefined;
      },
      (thrown: unknown) => thrown,
    );
    expect(device.buffers.use.total).toBe(0);
    expect(source.numOpen).toBe(0);
    return error;
  }

  const whole = writeSafetensors(tensors, 'F32');
  const withFile = (file: Uint8Array<ArrayBuffer>) => {
    const source = new MemorySource();
    source.files.set('model.safetensors', file);
    return source;
  };

  it('frees everything when aborted midway, and rejects with the reason', async () => {
    const sizes: number[] = [];
    for (const abortAt of [0, 1, 20_000, 60_000]) {
      const abort = new AbortController();
      const source = withFile(whole);
      const open = source.open.bind(source);
      source.open = async (name) => {
        const { stream, sizeBytes } = (await open(name))!;
        let numBytes = 0;
        const counted = stream.pipeThrough(
          new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
            transform(chunk, controller) {
              numBytes += chunk.length;
              if (numBytes >= abortAt) {
                sizes.push(device.buffers.use.total);
                abort.abort(`at ${abortAt}`);
              }
              controller.enqueue(chunk);
            },
          }),
        );
        return { stream: counted, sizeBytes };
      };
      expect(await failure(source, { signal: abort.signal })).toBe(`at ${abortAt}`);
    }
    expect(Math.max(...sizes)).toBeGreaterThan(0);
    expect(await failure(withFile(whole), { signal: AbortSignal.abort('before') })).toBe('before');
  });

  it('frees everything when its caller throws', async () => {
    const error = new Error('from onProgress');
    const onProgress = () => {
      throw error;
    };
    expect(await failure(withFile(whole), { onProgress })).toBe(error);
  });

  it.each([0, 7, 8, 100, 3000, 40_000, whole.length - 1])(
    'says where a file ends after %i bytes',
    async (length) => {
      for (const knowsSizes of [true, false]) {
        const source = withFile(whole.slice(0, length));
        source.knowsSizes = knowsSizes;
        const error = await failure(source);
        expect(error).toBeInstanceOf(EngineError);
        expect(error).toMatchObject({
          code: 'weights-corrupt',
          message: expect.stringContaining('model.safetensors') as string,
        });
      }
    },
  );

  it('refuses a file that goes on beyond its last tensor', async () => {
    for (const knowsSizes of [true, false]) {
      const longer = new Uint8Array(whole.length + 1);
      longer.set(whole);
      const source = withFile(longer);
      source.knowsSizes = knowsSizes;
      expect(await failure(source)).toMatchObject({ code: 'weights-corrupt' });
    }
  });

  describe.each(['F32', 'F16', 'BF16'] as const)('of values of %s', (type) => {
    const nameOf = (value: number, format: WeightFormat, name: string) => {
      const spoilt = new Map(tensors);
      const { shape, data } = tensors.get(name)!;
      spoilt.set(name, { shape, data: data.map((old, i) => (i === data.length - 2 ? value : old)) });
      return failure(sourceOf(spoilt, type), { format });
    };

    it('names the tensor that has one that is no finite number', async () => {
      for (const format of ['f32', 'f16', 'q8', 'q4'] as const) {
        for (const name of ['model.layers.1.mlp.up_proj.weight', 'model.norm.weight']) {
          const expected = { code: 'weights-corrupt', message: expect.stringContaining(name) as string };
          for (const value of [Infinity, NaN])
            expect(await nameOf(value, format, name)).toMatchObject(expected);
        }
      }
    });

    // No value of F16 is beyond f16.
    if (type === 'F16') return;
    it('names the tensor that has one beyond f16, where that is the format', async () => {
      const name = 'model.layers.1.mlp.up_proj.weight';
      for (const format of ['f16', 'q8', 'q4'] as const) {
        const expected = { code: 'model-unsupported', message: expect.stringContaining(name) as string };
        expect(await nameOf(-70_000, format, name)).toMatchObject(expected);
      }
      expect(await nameOf(-70_000, 'f32', name)).toBeUndefined();
      expect(await nameOf(70_000, 'f16', 'model.norm.weight')).toBeUndefined();
    });
  });

  it('names a tensor that is missing or has the wrong shape', async () => {
    const without = new Map([...tensors].filter(([name]) => !name.endsWith('1.mlp.up_proj.weight')));
    const named = (name: string) => ({
      code: 'weights-corrupt',
      message: expect.stringContaining(name) as string,
    });
    expect(await failure(sourceOf(without, 'F32'))).toMatchObject(named('layers.1.mlp.up_proj.weight'));
    const misshapen = new Map(tensors).set('model.norm.weight', { shape: [41], data: new Float32Array(41) });
    expect(await failure(sourceOf(misshapen, 'F32'))).toMatchObject(named('model.norm.weight'));
    const sharded = shardedSourceOf(tensors, 'F32', 2);
    const shard = 'model-00002-of-00002.safetensors';
    const shardWithout = [...readSafetensors(sharded.files.get(shard)!)].slice(1);
    sharded.files.set(shard, writeSafetensors(new Map(shardWithout), 'F32'));
    expect(await failure(sharded)).toMatchObject(named(shard));
    expect(await failure(shardedSourceOf(without, 'F32', 2))).toMatchObject(
      named('layers.1.mlp.up_proj.weight'),
    );
    sharded.files.delete(shard);
    expect(await failure(sharded)).toMatchObject(named(shard));
  });

  it('says when there are no weights at all', async () => {
    expect(await failure(new MemorySource())).toMatchObject({ code: 'model-unsupported' });
  });

  it('says when a row is larger than a binding', async () => {
    expect(await failure(withFile(whole), { maxBindingBytes: 64 })).toMatchObject({
      code: 'limit-too-small',
    });
  });

  it('answers any damage of the header with an EngineError', async () => {
    const next = randomSource(7);
    const headerBytes = 8 + new DataView(whole.buffer).getUint32(0, true);
    let numRefused = 0;
    for (let round = 0; round < 60; round++) {
      const damaged = whole.slice();
      damaged[Math.floor(next() * headerBytes)]! ^= 1 << Math.floor(next() * 8);
      const source = withFile(damaged);
      source.chunkBytes = 50_000;
      const error = await failure(source);
      if (error !== undefined) {
        expect(error).toBeInstanceOf(EngineError);
        numRefused++;
      }
    }
    expect(numRefused).toBeGreaterThan(30);
  });

  it('frees what it has when the GPU has no room for the rest', async () => {
    const small = await Device.request({ gpu });
    const create = small.buffers.create.bind(small.buffers);
    const full = new EngineError('gpu-memory', 'no room');
    small.buffers.create = (descriptor) => {
      if (small.buffers.numCreated === 7) throw full;
      return create(descriptor);
    };
    await expect(loadWeights(small, config, withFile(whole), { format: 'f16' })).rejects.toBe(full);
    expect(small.buffers.use.peakTotal).toBeGreaterThan(0);
    expect(small.buffers.use.total).toBe(0);
    small.destroy();
  });

  it('raises the loss of the device', async () => {
    const lost = await Device.request({ gpu });
    lost.handle.destroy();
    await lost.lost;
    await expect(loadWeights(lost, config, withFile(whole), { format: 'f16' })).rejects.toMatchObject({
      code: 'device-lost',
    });
    expect(lost.buffers.use.total).toBe(0);
  });
});

describe('a real model', () => {
  const folder = '../shared/models/stories260K/';
  const isHere = existsSync(folder);

  it(isHere ? 'loads stories260K' : `has not run: there is no ${folder}`, async () => {
    if (!isHere) return;
    const source = new MemorySource();
    for (const name of ['config.json', 'model.safetensors']) {
      source.files.set(name, new Uint8Array(await readFile(folder + name)));
    }
    const config = await readModelConfig(source);
    expect(config).toMatchObject({ numLayers: 5, numHeads: 8, numKvHeads: 4, headDim: 8, isHeadTied: true });
    const tensors = readSafetensors(source.files.get('model.safetensors')!);
    for (const format of ['f32', 'q4'] as const) await loadAndCompare(source, config, tensors, { format });
  });
});

describe('roundTo', () => {
  it('tells the element types of these tests apart', () => {
    expect(new Set((['F32', 'F16', 'BF16'] as const).map((type) => roundTo(type, 0.1))).size).toBe(3);
  });
});
