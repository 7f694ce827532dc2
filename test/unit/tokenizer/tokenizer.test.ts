import { describe, expect, test } from 'vitest';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { EngineError } from '../../../src/util/errors';
import { readShared, sharedCheck, sharedTokenizer, sharedVectors } from './shared-tokenizers';
import { addedToken, byteLevelJson, metaspaceJson } from './small-tokenizers';

const bare = { addSpecialTokens: false };

describe.each(['smollm', 'phi-3-mini', 'qwen3'] as const)('%s', (name) => {
  const tokenizer = sharedTokenizer(name);
  const vectors = sharedVectors(name);

  test(sharedCheck(`ids of the texts in vectors/${name}.json`, !!tokenizer && !!vectors), () => {
    if (!tokenizer || !vectors) return;
    expect(vectors.length).toBeGreaterThan(60);
    for (const { text, ids, hf_ids } of vectors) {
      expect(tokenizer.encode(text, bare), JSON.stringify(text)).toEqual(hf_ids ?? ids);
    }
  });

  test(sharedCheck(`decoding ${name}'s ids gives the text back`, !!tokenizer && !!vectors), () => {
    if (!tokenizer || !vectors) return;
    for (const { text } of vectors) {
      // Qwen's normaliser composes characters. Phi-3 puts a space before what follows a special token, for good.
      const isPrefixed = tokenizer.numPrefixSpaces > 0 && text.includes('<|');
      if (isPrefixed) continue;
      const written = name === 'qwen3' ? text.normalize('NFC') : text;
      const ids = tokenizer.encode(text, bare);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(written);
    }
  });

  const book = readShared('texts/alice29.txt');
  test(sharedCheck(`a book through ${name} and back`, !!tokenizer && !!book), () => {
    if (!tokenizer || !book) return;
    const ids = tokenizer.encode(book, bare);
    // Counted with the tokenizers package 0.23.2 for Python, whose ids were the same one by one.
    expect(ids.length).toBe({ smollm: 41933, 'phi-3-mini': 46933, qwen3: 38971 }[name]);
    expect(tokenizer.decode(ids)).toBe(book);
  });
});

const stories = sharedTokenizer('stories260K');
test(
  sharedCheck('stories260K: BOS before a text, prefix space, bytes for what has no token', !!stories),
  () => {
    if (!stories) return;
    expect(stories.vocabSize).toBe(512);
    expect(stories.bos).toEqual({ id: 1, text: '<s>' });
    expect(stories.eos).toEqual({ id: 2, text: '</s>' });
    const ids = stories.encode('Once upon a time');
    // llama.cpp's ids for the same weights.
    expect(ids).toEqual([1, 403, 407, 261, 378]);
    expect(stories.decode(ids)).toBe('Once upon a time');
    expect(stories.decode(ids.slice(2), { isContinuation: true })).toBe(' upon a time');
    expect(stories.decode(stories.encode('🦙 élan'))).toBe('🦙 élan');
  },
);

const stripped = readShared('cases/tokens/phi3-rstrip.json');
test(sharedCheck('added tokens of phi-3-mini take the white space after them', !!stripped), () => {
  if (!stripped) return;
  const tokenizer = sharedTokenizer('phi-3-mini')!;
  const { cases } = JSON.parse(stripped) as { cases: { text: string; expected: number[] }[] };
  expect(cases.length).toBeGreaterThan(1);
  for (const { text, expected } of cases) expect(tokenizer.encode(text, bare)).toEqual(expected);
});

test('added tokens with lstrip or rstrip take the white space on that side, and no other', () => {
  const json = byteLevelJson();
  const encode = (strips: object) => {
    json['added_tokens'] = [{ ...addedToken(256, '<s>'), ...strips }];
    return Tokenizer.fromJson(json).encode('a \n<s> \nb', bare);
  };
  expect(encode({})).toEqual([97, 32, 10, 256, 32, 10, 98]);
  expect(encode({ rstrip: true })).toEqual([97, 32, 10, 256, 98]);
  expect(encode({ lstrip: true })).toEqual([97, 256, 32, 10, 98]);
});

// What Hugging Face's tokenizers 0.23.3 gives.
test.each([
  ['cat', [256]],
  ['a cat.', [97, 32, 256, 46]],
  ['concat', [99, 111, 110, 99, 97, 116]],
  ['cats', [99, 97, 116, 115]],
  ['catcat', [99, 97, 116, 99, 97, 116]],
  ['a_cat', [257, 99, 97, 116]],
  ['(cat)', [40, 256, 41]],
  ['\u00e9cat', [195, 169, 99, 97, 116]],
  ['cat1', [99, 97, 116, 49]],
  ['cat\u0301', [99, 97, 116, 204, 129]],
  ['cat\u200d', [99, 97, 116, 226, 128, 141]],
  ['cat\u203f', [99, 97, 116, 226, 128, 191]],
  ['cat\u00b2', [256, 194, 178]],
  ['x  dog  y', [120, 258, 121]],
  ['xdog y', [120, 100, 111, 103, 32, 121]],
  ['x dogy', [120, 32, 100, 111, 103, 121]],
  ['a_ dog', [257, 258]],
])('an added token that is to be a word of its own, in %j', (text, expected) => {
  const json = byteLevelJson();
  json['added_tokens'] = [
    { ...addedToken(256, 'cat', false), single_word: true },
    addedToken(257, 'a_', false),
    { ...addedToken(258, 'dog', false), single_word: true, lstrip: true, rstrip: true },
  ];
  expect(Tokenizer.fromJson(json).encode(text, bare)).toEqual(expected);
});

// The same.
describe('a Unigram model', () => {
  const encode = (
    text: string,
    fields: object,
    change: (vocab: [string, number][]) => void = () => undefined,
  ) => {
    const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
    const vocab: [string, number][] = [
      ['<unk>', 0],
      ...bytes.map((byte): [string, number] => [`<0x${byte}>`, 0]),
      ['▁', -2],
      ['▁he', -3],
      ['llo', -4],
      ['a', -5],
      ['b', -5],
    ];
    change(vocab);
    const json = {
      added_tokens: [],
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' },
      model: { type: 'Unigram', unk_id: 0, vocab, ...fields },
    };
    return Tokenizer.fromJson(json).encode(text, bare);
  };
  test.each([
    ['hello', [258, 259], [258, 259]],
    ['a\u00e9b', [257, 260, 196, 170, 261], [257, 260, 0, 261]],
    ['日本 a😀', [257, 231, 152, 166, 231, 157, 173, 257, 260, 241, 160, 153, 129], [257, 0, 257, 260, 0]],
    ['xyz xyz a', [257, 121, 122, 123, 257, 121, 122, 123, 257, 260], [257, 0, 257, 0, 257, 260]],
  ])('writes what it does not know in bytes where it is to: %s', (text, inBytes, unknown) => {
    expect(encode(text, { byte_fallback: true })).toEqual(inBytes);
    expect(encode(text, { byte_fallback: false })).toEqual(unknown);
  });
  test('and not where one of the bytes is no token', () => {
    const withoutC3 = (vocab: [string, number][]) => void (vocab[1 + 0xc3]![0] = 'zzz');
    expect(encode('a\u00e9b', { byte_fallback: true }, withoutC3)).toEqual([257, 260, 0, 261]);
    expect(encode('日\u00e9', { byte_fallback: true }, withoutC3)).toEqual([257, 0]);
  });
});

describe('byte-level', () => {
  const tokenizer = Tokenizer.fromJson(byteLevelJson(['h e', 'l l', 'he ll']), {
    bos_token: '<s>',
    eos_token: { content: '</s>' },
  });

  test('merges, special tokens written out, and every byte', () => {
    expect(tokenizer.encode('hell</s>')).toEqual([258, 260]);
    expect(tokenizer.encode('é ')).toEqual([0xc3, 0xa9, 0x20]);
  });

  test('names its special tokens', () => {
    expect(tokenizer.bos).toEqual({ id: 259, text: '<s>' });
    expect(tokenizer.eos).toEqual({ id: 260, text: '</s>' });
    expect(tokenizer.namedTokens).toEqual({ bos_token: '<s>', eos_token: '</s>' });
    expect(tokenizer.idOf('<think>')).toBe(261);
    expect([258, 259, 260, 261].map((id) => tokenizer.isSpecial(id))).toEqual([false, true, true, false]);
    expect(tokenizer.vocabSize).toBe(262);
  });

  test('leaves special tokens out unless told otherwise, keeps ordinary added ones', () => {
    const ids = [259, 258, 261, 260];
    expect(tokenizer.decode(ids)).toBe('hell<think>');
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe('<s>hell<think></s>');
  });

  test('rows of the embedding that no token has stand for nothing', () => {
    expect(tokenizer.decode([258, 262, 99999, 258])).toBe('hellhell');
    expect(tokenizer.tokenBytes(99999)).toEqual(new Uint8Array(0));
  });

  test('an added token outside the byte alphabet stands for itself', () => {
    const json = byteLevelJson();
    json['added_tokens'] = [addedToken(256, '<｜end▁of▁text｜>', false), addedToken(257, 'é', false)];
    const other = Tokenizer.fromJson(json);
    expect(other.decode([256, 257])).toBe('<｜end▁of▁text｜>é');
  });
});

describe('with a prefix space', () => {
  const tokenizer = Tokenizer.fromJson(metaspaceJson(['▁', 'a', 'b'], ['▁ a', '▁ b', '▁a b']), {});
  const [space, a, b, spaceA, , spaceAb] = [259, 260, 261, 262, 263, 264];

  test('the encoder puts it there, the decoder takes it off', () => {
    expect(tokenizer.encode('ab a')).toEqual([spaceAb, spaceA]);
    expect(tokenizer.decode([spaceAb, spaceA])).toBe('ab a');
    expect(tokenizer.encode(' a')).toEqual([space, spaceA]);
    expect(tokenizer.decode([space, spaceA])).toBe(' a');
  });

  test('a continuation has none', () => {
    expect(tokenizer.encode('\nb', { isContinuation: true })).toEqual([3 + 10, b]);
    expect(tokenizer.encode('\nb')).toEqual([space, 3 + 10, b]);
    expect(tokenizer.encode('a', { isContinuation: true })).toEqual([a]);
    expect(tokenizer.decode([spaceA, b], { isContinuation: true })).toBe(' ab');
  });

  test('a continuation that merges with what stands before keeps it rather than losing letters', () => {
    // "a" + "b" is one token, so there is no place to cut.
    expect(tokenizer.encode('b', { isContinuation: true })).toEqual([263]);
  });

  test('characters without a token go as bytes', () => {
    expect(tokenizer.encode('é')).toEqual([space, 3 + 0xc3, 3 + 0xa9]);
    expect(tokenizer.decode([space, 3 + 0xc3, 3 + 0xa9])).toBe('é');
  });
});

describe('what goes around a prompt', () => {
  const template = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [256], tokens: ['<s>'] } },
  };
  const names = { bos_token: '<s>', eos_token: '</s>' };
  const encodeWith = (postProcessor: object | null, config: object) =>
    Tokenizer.fromJson({ ...byteLevelJson(), post_processor: postProcessor }, { ...names, ...config }).encode(
      'a',
    );

  test('comes from the post-processor', () => {
    expect(encodeWith(template, {})).toEqual([256, 97]);
    expect(encodeWith(null, {})).toEqual([97]);
  });

  test('is overruled by tokenizer_config.json', () => {
    expect(encodeWith(template, { add_bos_token: false })).toEqual([97]);
    expect(encodeWith(template, { add_bos_token: true, add_eos_token: true })).toEqual([256, 97, 257]);
    expect(encodeWith(null, { add_bos_token: true })).toEqual([256, 97]);
  });

  test('is there for an empty text too, and not when it is not wanted', () => {
    const tokenizer = Tokenizer.fromJson({ ...byteLevelJson(), post_processor: template }, names);
    expect(tokenizer.encode('')).toEqual([256]);
    expect(tokenizer.encode('a', bare)).toEqual([97]);
  });
});

describe('an unusable file is refused with the reason', () => {
  const good = byteLevelJson();
  const model = good['model'] as object;
  test.each([
    ['no object', [], /tokenizer.json is no JSON object/],
    ['no model', {}, /no "model"/],
    ['another kind', { ...good, model: { type: 'WordPiece', vocab: {} } }, /"WordPiece"; BPE and Unigram/],
    ['ids that are no ids', { ...good, model: { ...model, vocab: { a: -1 } } }, /"vocab"/],
    ['absurd ids', { ...good, model: { ...model, vocab: { a: 2 ** 40 } } }, /"vocab"/],
    ['no merges', { ...good, model: { ...model, merges: undefined } }, /"merges"/],
    ['merges of one', { ...good, model: { ...model, merges: [['a']] } }, /"merges"/],
    ['added tokens without ids', { ...good, added_tokens: [{ content: 'x' }] }, /"added_tokens"/],
    ['no decoder', { ...good, decoder: null }, /no decoder/],
    ['another decoder', { ...good, decoder: { type: 'CTC' } }, /the stage "CTC"/],
    [
      'a decoder that trims',
      { ...good, decoder: { type: 'Strip', content: ' ', start: 1, stop: 0 } },
      /Strip/,
    ],
    ['another normaliser', { ...good, normalizer: { type: 'Nonsense' } }, /Nonsense/],
    ['another pre-tokenizer', { ...good, pre_tokenizer: { type: 'Nonsense' } }, /Nonsense/],
    [
      'an unknown token around prompts',
      {
        ...good,
        post_processor: {
          type: 'TemplateProcessing',
          single: [{ SpecialToken: { id: '<x>' } }, { Sequence: { id: 'A' } }],
          pair: [],
        },
      },
      /<x>/,
    ],
  ])('%s', (_, json, reason) => {
    const load = () => Tokenizer.fromJson(json, {});
    expect(load).toThrow(EngineError);
    expect(load).toThrow(reason);
    expect(load).toThrow(expect.objectContaining({ code: 'model-unsupported' }));
  });

  test('a config that is no object', () => {
    expect(() => Tokenizer.fromJson(good, 'x')).toThrow(/tokenizer_config.json is no JSON object/);
  });
});
