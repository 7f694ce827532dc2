/** GGUF files: what is read of whole ones, and that no damaged one does worse than to be refused. */
import { describe, expect, test } from 'vitest';
import { isFullRun } from '../../support/full-run';
import { parseModelConfig } from '../../support/parse-config';
import { GgufHeaderReader, type GgufHeader } from '../../../src/source/gguf/gguf-header';
import { ggufSource } from '../../../src/source/gguf/gguf-source';
import type { ModelSource } from '../../../src/source/model-source';
import { readModelConfig } from '../../../src/config/read-model-config';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { EngineError } from '../../../src/util/errors';
import { folderSource } from '../../../tools/tiny-models/folder-source';
import { tinyGguf, tinyTensors } from '../../../tools/tiny-models/gguf-files';
import { randomSource } from '../../../tools/util/random';

const whole = tinyGguf();

function read(
  bytes: Uint8Array,
  pieceBytes = bytes.length,
  fileBytes: number | undefined = bytes.length,
): GgufHeader {
  const reader = new GgufHeaderReader('model.gguf', fileBytes);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const header = reader.push(bytes.subarray(at, at + pieceBytes));
    if (header) return header;
  }
  return reader.end();
}

const open = (files: Record<string, Uint8Array>, name = 'model.gguf'): Promise<ModelSource> =>
  ggufSource(folderSource({ name: 'test', title: '', files: new Map(Object.entries(files)) }), name);

/** The code of the error with which a file is refused; undefined for one that is read. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    read(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

/** A copy with a number of 64 or 32 bits at the first place of a text, counted from its end. */
function patched(text: string, offset: number, value: bigint | number): Uint8Array<ArrayBuffer> {
  const at = Buffer.from(whole).indexOf(text) + text.length + offset;
  const copy = whole.slice();
  const view = new DataView(copy.buffer);
  if (typeof value === 'bigint') view.setBigUint64(at, value, true);
  else view.setUint32(at, value, true);
  return copy;
}

describe('a header', () => {
  test('has metadata and tensors, whatever pieces it comes in', () => {
    const header = read(whole);
    expect(header.metadata.get('llama.embedding_length')).toBe(256);
    expect(header.tensors.map(({ name }) => name)).toEqual(tinyTensors.map(([name]) => name));
    expect(header.tensors[0]).toMatchObject({ type: 'Q8_0', shape: [8, 256], sizeBytes: 8 * 8 * 34 });
    expect(header.tensors[0]!.offsetBytes).toBe(header.dataBytes);
    for (const pieceBytes of [1, 7, 1000]) expect(read(whole, pieceBytes)).toEqual(header);
    expect(read(whole, 100, undefined)).toEqual(header);
  });

  test('that is cut off anywhere is damaged, whether the size of the file is known or not', () => {
    const { dataBytes } = read(whole);
    for (let length = 0; length < dataBytes - 32; length += 13) {
      expect(refusal(whole.slice(0, length)), `${length} bytes`).toBe('weights-corrupt');
      expect(() => read(whole.slice(0, length), 64, undefined)).toThrow(EngineError);
    }
    expect(refusal(whole.slice(0, whole.length - 40))).toBe('weights-corrupt');
  });

  test.each([
    ['another magic', patched('', 0, 0x20202020), 'weights-corrupt'],
    ['version 1', patched('GGUF', 0, 1), 'model-unsupported'],
    ['big-endian', patched('GGUF', 0, 0x03000000), 'model-unsupported'],
    ['2^63 tensors', patched('GGUF', 4, 2n ** 63n), 'weights-corrupt'],
    ['a billion pairs', patched('GGUF', 12, 10n ** 9n), 'weights-corrupt'],
    ['a text beyond the file', patched('general.architecture', 4, 2n ** 40n), 'weights-corrupt'],
    ['a list beyond the file', patched('tokenizer.ggml.tokens', 8, 2n ** 40n), 'weights-corrupt'],
    ['alignment 0', patched('general.alignment', 4, 0), 'weights-corrupt'],
    ['alignment 24', patched('general.alignment', 4, 24), 'weights-corrupt'],
    ['a value of unknown type', patched('general.alignment', 0, 99), 'weights-corrupt'],
    ['no dimension', patched('token_embd.weight', 0, 0), 'weights-corrupt'],
    ['2^32 - 1 dimensions', patched('token_embd.weight', 0, 0xffffffff), 'weights-corrupt'],
    ['2^63 columns', patched('token_embd.weight', 4, 2n ** 63n), 'weights-corrupt'],
    ['columns that no block has', patched('token_embd.weight', 4, 33n), 'weights-corrupt'],
    ['an unknown element type', patched('token_embd.weight', 20, 200), 'weights-corrupt'],
    ['IQ2_XXS', patched('token_embd.weight', 20, 16), 'model-unsupported'],
    ['tensors that overlap', patched('output_norm.weight', 16, 0n), 'weights-corrupt'],
    ['an offset between alignments', patched('output_norm.weight', 16, 3n), 'weights-corrupt'],
    ['an offset beyond the file', patched('output_norm.weight', 16, 2n ** 50n), 'weights-corrupt'],
  ])('with %s is refused', (_, bytes, code) => {
    expect(refusal(bytes)).toBe(code);
  });

  test('of a type that is not read names it, and what loads', () => {
    expect(() => read(patched('token_embd.weight', 20, 16))).toThrow(/IQ2_XXS.*Q4_K_M.* load/);
  });
});

describe('mutations', () => {
  /** Some bytes of the header changed, in ways that numbers are often wrong. */
  function mutated(seed: number): Uint8Array {
    const next = randomSource(seed);
    const copy = whole.slice();
    const { dataBytes } = read(whole);
    const numChanges = 1 + Math.floor(4 * next());
    for (let i = 0; i < numChanges; i++) {
      const at = Math.floor(next() * dataBytes);
      copy[at] = [0, 1, 0x7f, 0x80, 0xff, Math.floor(256 * next())][Math.floor(6 * next())]!;
    }
    return next() < 0.2 ? copy.slice(0, Math.floor(next() * copy.length)) : copy;
  }

  const numMutations = isFullRun ? 2000 : 100;
  test(`${numMutations} of them load, or are refused with a typed error`, async () => {
    for (let seed = 1; seed <= numMutations; seed++) {
      try {
        const source = await open({ 'model.gguf': mutated(seed) });
        parseModelConfig(source.parsed!.get('config.json'));
        Tokenizer.fromJson(source.parsed!.get('tokenizer.json'), source.parsed!.get('tokenizer_config.json'));
      } catch (error) {
        expect(error, `mutation ${seed}: ${String(error)}`).toBeInstanceOf(EngineError);
      }
    }
  });
});

describe('as a model folder', () => {
  test('it has a configuration, a tokenizer and weights', async () => {
    const source = await open({ 'model.gguf': whole });
    expect(parseModelConfig(source.parsed!.get('config.json'))).toMatchObject({
      architecture: 'LlamaForCausalLM',
      vocabSize: 8,
      hiddenSize: 256,
      numHeads: 4,
      numKvHeads: 2,
      headDim: 64,
      isHeadTied: true,
      maxContext: 256,
      bosId: 1,
      eosIds: [2],
    });
    const tokenizer = Tokenizer.fromJson(
      source.parsed!.get('tokenizer.json'),
      source.parsed!.get('tokenizer_config.json'),
    );
    expect(tokenizer.encode('ab ab')).toEqual([6, 7]);
    expect(tokenizer.decode([1, 6, 7, 2])).toBe('ab ab');
    expect(source.gguf!.files[0]!.tensors).toHaveLength(tinyTensors.length);
  });

  test('its configuration has the fields that it always had: head profiles find their model by its text', async () => {
    const source = await open({ 'model.gguf': whole });
    expect(Object.keys(source.parsed!.get('config.json') as object).join(' ')).toBe(
      'architectures model_type vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads ' +
        'num_key_value_heads head_dim max_position_embeddings rms_norm_eps rope_theta rope_scaling tie_word_embeddings ' +
        'attention_bias mlp_bias bos_token_id eos_token_id',
    );
  });

  test('its norms are used as they are: the converter has added the 1 of Gemma', async () => {
    const source = await open({ 'model.gguf': whole });
    const config = { ...(source.parsed!.get('config.json') as object), architectures: ['Gemma3ForCausalLM'] };
    const gemma = { ...source, parsed: new Map([...source.parsed!, ['config.json', config]]) };
    expect((await readModelConfig(gemma)).hasOffsetNorms).toBe(false);
    const { gguf: _, ...folder } = gemma;
    expect((await readModelConfig(folder)).hasOffsetNorms).toBe(true);
  });

  test.each([
    ['an unknown architecture', { 'general.architecture': { string: 'rwkv7' } }, /rwkv7.*llama, /],
    ['an unknown pre-tokenizer', { 'tokenizer.ggml.pre': { string: 'odd' } }, /'odd'/],
    ['a vocabulary of another kind', { 'tokenizer.ggml.model': { string: 'bert' } }, /'bert'/],
  ] as const)('with %s it is refused by name', async (_, metadata, message) => {
    const refused = open({ 'model.gguf': tinyGguf({ metadata }) });
    await expect(refused).rejects.toMatchObject({ code: 'model-unsupported' });
    await expect(refused).rejects.toThrow(message);
  });

  test('parts that do not belong together are refused', async () => {
    const part = (number: number, count: number) =>
      tinyGguf({ metadata: { 'split.no': { uint32: number }, 'split.count': { uint32: count } } });
    const [first, second] = ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf'] as const;
    const code = (files: Record<string, Uint8Array>) =>
      open(files, first).then(
        () => undefined,
        (error: unknown) => (error as EngineError).code,
      );
    expect(await code({ [first]: part(0, 2) })).toBe('model-unsupported');
    // Each says that it is the first: nothing follows the parts around in a circle.
    expect(await code({ [first]: part(0, 2), [second]: part(0, 2) })).toBe('weights-corrupt');
    expect(await code({ [first]: part(0, 3), [second]: part(1, 3) })).toBe('weights-corrupt');
    // The same tensors twice.
    expect(await code({ [first]: part(0, 2), [second]: part(1, 2) })).toBe('weights-corrupt');
  });
});

test('a file that pools says so as a folder would', async () => {
  const metadata = { 'llama.pooling_type': { uint32: 3 } };
  const source = await open({ 'model.gguf': tinyGguf({ metadata }) });
  expect(source.parsed!.get('1_Pooling/config.json')).toEqual({ pooling_mode: 'lasttoken' });
  expect((await open({ 'model.gguf': whole })).parsed!.has('1_Pooling/config.json')).toBe(false);
});
