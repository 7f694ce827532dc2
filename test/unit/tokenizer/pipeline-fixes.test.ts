import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { withPipelineFixes } from '../../../src/tokenizer/pipeline-fixes';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { randomSource } from '../../../tools/util/random';
import { byteLevelJson, metaspaceJson } from './small-tokenizers';

const tokens = ['▁', 'a', 'b', '1', '½', '▁▁', '▁a', '▁▁a', 'ab', '▁ab'];
const merges = ['▁ ▁', '▁ a', '▁▁ a', 'a b', '▁a b'];

function jsonWith(preTokenizer: object | null, extra: object = {}): Record<string, unknown> {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: preTokenizer,
    post_processor: null,
    decoder: { type: 'Metaspace' },
    model: { type: 'BPE', vocab, merges, ...extra },
  };
}

const fixed = (json: Record<string, unknown>) => {
  const tokenizer = Tokenizer.fromJson(json);
  return (text: string) => tokenizer.encode(text);
};
const unfixed = (json: Record<string, unknown>) => {
  const tokenizer = new LibraryTokenizer(json, {});
  return (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
};

// Ids in this block: the tokenizers package 0.23.2 for Python, on the same vocabulary.
describe('as Hugging Face', () => {
  const metaspace = { type: 'Metaspace', replacement: '▁' };
  test.each([
    [{ ...metaspace, prepend_scheme: 'always', split: true }, 'ab  a b', [9, 0, 6, 0, 2]],
    [{ ...metaspace, prepend_scheme: 'always', split: true }, '  a', [0, 6]],
    [{ ...metaspace, prepend_scheme: 'always', split: false }, 'ab  a b', [9, 7, 0, 2]],
    [{ ...metaspace, prepend_scheme: 'never', split: true }, 'ab  a b', [8, 0, 6, 0, 2]],
    [{ ...metaspace, prepend_scheme: 'first', split: false }, '  a', [7]],
    [{ ...metaspace, prepend_scheme: 'first', split: false }, 'a1½b', [6, 3, 4, 2]],
    [{ type: 'Digits', individual_digits: true }, 'a1½b', [1, 3, 4, 2]],
    [
      { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: false }] },
      'a1½b',
      [1, 3, 4, 2],
    ],
  ])('%j', (preTokenizer, text, ids) => {
    expect(fixed(jsonWith(preTokenizer))(text)).toEqual(ids);
  });
});

describe('each rewrite is still needed', () => {
  test('Digits at characters that are not ASCII', () => {
    const json = jsonWith({ type: 'Digits', individual_digits: true });
    json['model'] = { ...(json['model'] as object), merges: ['½ b'], vocab: { '½': 0, b: 1, '½b': 2 } };
    expect(unfixed(json)('½b')).toEqual([2]);
    expect(fixed(json)('½b')).toEqual([0, 1]);
  });

  test('Metaspace that splits', () => {
    const json = jsonWith({ type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true });
    expect(unfixed(json)('  a')).toEqual([7]);
    expect(fixed(json)('  a')).toEqual([0, 6]);
  });

  test('Metaspace without prepend_scheme', () => {
    const json = jsonWith({ type: 'Metaspace', replacement: '▁', add_prefix_space: false });
    expect(unfixed(json)('a')).toEqual([6]);
    expect(fixed(json)('a')).toEqual([1]);
  });

  test('stages that the file leaves out', () => {
    const { model, decoder } = byteLevelJson();
    expect(() => unfixed({ model, decoder })).toThrow();
    expect(() => fixed({ model, decoder })).not.toThrow();
  });
});

describe('cutting the text before ▁', () => {
  const json = metaspaceJson(['▁', 'a', 'b', 'c'], ['▁ ▁', '▁ a', 'b c', '▁a bc', '▁▁ ▁▁', 'a b', 'c a']);

  test('gives the ids of the text in one piece', () => {
    expect(withPipelineFixes(json)['pre_tokenizer']).not.toBeNull();
    const [whole, cut] = [unfixed(json), fixed(json)];
    const random = randomSource(7);
    const letters = [' ', ' ', 'a', 'b', 'c', '\n', 'é'];
    for (let i = 0; i < 300; i++) {
      const text = Array.from({ length: 40 }, () => letters[Math.floor(random() * letters.length)]).join('');
      expect(cut(text), JSON.stringify(text)).toEqual(whole(text));
    }
  });

  test('is left alone where a token has ▁ inside, or merges are not all', () => {
    const crossing = metaspaceJson(['▁', 'a', 'b'], ['a ▁', 'a▁ b']);
    expect(withPipelineFixes(crossing)['pre_tokenizer']).toBeNull();
    expect(fixed(crossing)('ba b')).toEqual(unfixed(crossing)('ba b'));
    expect(withPipelineFixes(jsonWith(null, { ignore_merges: true }))['pre_tokenizer']).toBeNull();
    expect(withPipelineFixes(byteLevelJson())['pre_tokenizer']).toEqual(byteLevelJson()['pre_tokenizer']);
  });
});
