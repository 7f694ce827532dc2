/** What Hugging Face's reader refuses is refused, with the field's name. */
import { describe, expect, test } from 'vitest';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { addedToken, byteLevelJson } from './small-tokenizers';

type Json = Record<string, unknown>;
const good = byteLevelJson(['h e']);
const model = good['model'] as Json;
const vocab = model['vocab'] as Json;
const regex = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

const refusal = (json: Json): unknown => {
  try {
    Tokenizer.fromJson(json);
  } catch (error) {
    return error;
  }
  return undefined;
};

test('the file that the others are made from loads', () => expect(refusal(good)).toBeUndefined());

describe('fields of the model', () => {
  test.each([
    [{ end_of_word_suffix: 7 }, /end_of_word_suffix = 7/],
    [{ byte_fallback: 'yes' }, /byte_fallback = "yes"/],
    [{ fuse_unk: 1 }, /fuse_unk/],
    [{ ignore_merges: [] }, /ignore_merges/],
    [{ continuing_subword_prefix: {} }, /continuing_subword_prefix/],
    [{ continuing_subword_prefix: '##' }, /continuing_subword_prefix = "##"/],
    [{ unk_token: 0 }, /unk_token/],
    [{ dropout: '0' }, /dropout/],
    [{ merges: ['h q'] }, /"merges" names "hq"/],
    [{ merges: [['h', '@@']] }, /"merges" names "@@"/],
    [{ merges: ['h e x'] }, /"merges"/],
    [{ vocab: { ...vocab, x2: 5 } }, /same id/],
    [{ vocab: { ...vocab, x2: -5 } }, /"vocab"/],
    [{ vocab: { ...vocab, x2: '5' } }, /"vocab"/],
    [{ vocab: { ...vocab, x2: 0.5 } }, /"vocab"/],
    [{ type: 'Unigram', vocab: [['a', '0']] }, /\[token, score\]/],
    [{ type: 'Unigram', vocab: [['a', 0]], unk_id: 1 }, /unk_id 1/],
    [{ type: 'Unigram', vocab: [] }, /empty/],
    [
      { type: 'Unigram', vocab: Array.from({ length: 200 }, (_, i) => ['a'.repeat(i + 1), 0]) },
      /too many tokens/,
    ],
  ])('%j', (fields, reason) => {
    const error = refusal({ ...good, model: { ...model, ...fields } });
    expect(error).toMatchObject({ code: 'model-unsupported' });
    expect((error as Error).message).toMatch(reason);
  });
});

describe('stages', () => {
  test.each([
    [
      { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: 'false' } },
      /ByteLevel has add_prefix_space = "false"/,
    ],
    [{ pre_tokenizer: { type: 'FixedLength', length: 0 } }, /FixedLength has length = 0/],
    [{ pre_tokenizer: { type: 'Metaspace', replacement: 'ab' } }, /replacement = "ab"/],
    [{ pre_tokenizer: { type: 'Digits', individual_digits: 1 } }, /individual_digits = 1/],
    [{ pre_tokenizer: { ...regex('a'), behavior: 'isolated' } }, /behavior = "isolated"/],
    [{ pre_tokenizer: { ...regex('a'), pattern: 'a' } }, /pattern = "a"/],
    [
      { pre_tokenizer: { type: 'Replace', pattern: { String: 'a' }, content: 'b' } },
      /pre_tokenizer "Replace" is not known/,
    ],
    [{ pre_tokenizer: { type: 'Sequence' } }, /no list of stages/],
    [{ pre_tokenizer: 7 }, /no list of stages/],
    [
      { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'constructor' }] } },
      /"constructor" is not known/,
    ],
    [{ pre_tokenizer: regex('(a)\\1') }, /pre_tokenizer "Split" with the pattern .*refers back/],
    [{ pre_tokenizer: regex('[') }, /pre_tokenizer "Split"/],
    [{ normalizer: { type: 'Prepend' } }, /Prepend has prepend = null/],
    [{ normalizer: { type: 'Replace', pattern: { String: 'a' } } }, /Replace has content = null/],
    [{ normalizer: { type: 'Strip', strip_left: 'yes', strip_right: true } }, /strip_left = "yes"/],
    [{ normalizer: { type: 'Nmt' } }, /normalizer "Nmt" is not known; .*NFC/],
    [{ post_processor: { type: 'Nonsense' } }, /its post_processor "Nonsense" is not known; BertProcessing/],
    [{ post_processor: { type: {} } }, /its post_processor \{\} is not known/],
    [{ post_processor: { type: 'TemplateProcessing', single: [], pair: [] } }, /leaves the text out/],
    [{ decoder: { type: 'Replace', pattern: { String: '▁' }, content: 5 } }, /Replace/],
    [{ decoder: { type: 'Metaspace', replacement: '' } }, /Metaspace/],
    [{ added_tokens: [{ ...addedToken(300, '<x>'), lstrip: 'no' }] }, /"added_tokens"/],
    [{ added_tokens: [addedToken(-1, '<x>')] }, /"added_tokens"/],
    [{ added_tokens: [addedToken(300, '<x>'), addedToken(300, '<y>')] }, /"<x>" and "<y>" have the same id/],
    [{ added_tokens: [addedToken(300, 'x'.repeat(5000))] }, /too long/],
  ])('%j', (fields, reason) => {
    const error = refusal({ ...good, ...fields });
    expect(error).toMatchObject({ code: 'model-unsupported' });
    expect((error as Error).message).toMatch(reason);
  });
});

describe('what stages make of a text is bounded', () => {
  const encodeWith = (fields: Json, text: string) => () =>
    Tokenizer.fromJson({ ...good, ...fields }).encode(text, { addSpecialTokens: false });
  const doubling = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };

  test.each([
    [
      '40 normalizers that double it',
      { normalizer: { type: 'Sequence', normalizers: Array(40).fill(doubling) } },
      /normalizer "Replace".*"a".*far more text/,
    ],
    [
      '100 of them',
      { normalizer: { type: 'Sequence', normalizers: Array(100).fill(doubling) } },
      /more than 64 normalizers/,
    ],
    [
      'one that makes a million of each',
      { normalizer: { ...doubling, content: 'a'.repeat(1_000_000) } },
      /far more text/,
    ],
    [
      'one that puts ten million before it',
      { normalizer: { type: 'Prepend', prepend: 'a'.repeat(10_000_000) } },
      /normalizer "Prepend".*far more text/,
    ],
    [
      'pre-tokenizers that write bytes as characters over and over',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: Array(40).fill({ type: 'ByteLevel', add_prefix_space: true }),
        },
      },
      /pre_tokenizer "ByteLevel" fails.*far more text/,
    ],
  ])('%s', (_, fields, reason) => {
    const encode = encodeWith(fields, 'äa'.repeat(1000));
    expect(encode).toThrow(expect.objectContaining({ code: 'model-unsupported' }));
    expect(encode).toThrow(reason);
  });

  test('what replaces is text, whatever it looks like', () => {
    const normalizer = { type: 'Replace', pattern: { Regex: 'b+' }, content: '$&$1' };
    expect(encodeWith({ normalizer }, 'abba')()).toEqual([97, 36, 38, 36, 49, 97]);
  });

  test('an added token that is normalized is found in normalized text', () => {
    const added = { ...addedToken(300, '<X>'), normalized: true };
    expect(encodeWith({ normalizer: { type: 'Lowercase' }, added_tokens: [added] }, 'A<x>')()).toEqual([
      97, 300,
    ]);
  });

  test('a pattern that would run away in normalizing an added token is refused when the file is read', () => {
    const normalizer = { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' };
    const added = { ...addedToken(300, `${'a'.repeat(100)}!`), normalized: true };
    expect(encodeWith({ normalizer, added_tokens: [added] }, 'x')).toThrow(
      /normalizer "Replace" with the pattern/,
    );
  });
});
