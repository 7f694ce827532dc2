import { describe, expect, test } from 'vitest';
import {
  IncrementalDecoder,
  type DecodeOptions,
  type DecoderVocabulary,
} from '../../../src/tokenizer/incremental-decoder';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { randomSource } from '../../../tools/util/random';
import { sharedCheck, sharedTokenizer } from './shared-tokenizers';
import { byteLevelJson, metaspaceJson } from './small-tokenizers';

const texts = [
  '',
  ' ',
  'Call me Ishmael. Some years ago—never mind how long precisely—',
  '👨‍👩‍👧‍👦🏳️‍🌈🇧🇷 ok 🦙🦙 é é',
  '鯨は魚ではない。白鯨、莫比·迪克 한국어 ไทย',
  '\ufeffbyte-order mark \ufeff in the middle\ufeff',
  '\u0000\u0001\t\r\n  two  spaces\u00a0end ',
];

function deltasOf(tokenizer: Tokenizer, ids: number[], options: DecodeOptions): string[] {
  const decoder = tokenizer.decoder(options);
  return [...ids.map((id) => decoder.push(id)), decoder.flush()];
}

/** The bytes of all ids in one piece through a decoder that sees them all at once. */
function decodeAtOnce(tokenizer: Tokenizer, ids: number[]): string {
  const bytes = ids.flatMap((id) => [...tokenizer.tokenBytes(id)]);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

const tokenizers: [string, Tokenizer | undefined][] = [
  ['byte-level', Tokenizer.fromJson(byteLevelJson(['h e', 'Ġ t', 'ð Ł']))],
  ['metaspace', Tokenizer.fromJson(metaspaceJson(['▁', 'a', 'é', '鯨'], ['▁ a', '▁ ▁']))],
  ...(['smollm', 'phi-3-mini', 'qwen3', 'stories260K'] as const).map(
    (name): [string, Tokenizer | undefined] => [name, sharedTokenizer(name)],
  ),
];

describe.each(tokenizers)('%s', (name, tokenizer) => {
  test(sharedCheck(`${name}: texts come back, never half a character`, !!tokenizer), () => {
    if (!tokenizer) return;
    for (const text of texts) {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      const written = name === 'qwen3' ? text.normalize('NFC') : text;
      const deltas = deltasOf(tokenizer, ids, {});
      expect(deltas.join('')).toBe(written);
      expect(deltas.join('')).toBe(tokenizer.decode(ids));
      for (const delta of deltas) {
        expect(delta).not.toContain('\ufffd');
        expect(delta).not.toMatch(/\p{Surrogate}/u);
      }
    }
  });

  test(sharedCheck(`${name}: random ids, deltas add up to the whole`, !!tokenizer), () => {
    if (!tokenizer) return;
    const random = randomSource(20260);
    for (let run = 0; run < 40; run++) {
      const ids = Array.from({ length: 60 }, () => Math.floor(random() * (tokenizer.vocabSize + 3)));
      for (const skipSpecialTokens of [true, false]) {
        const kept = skipSpecialTokens ? ids.filter((id) => !tokenizer.isSpecial(id)) : ids;
        const options = { skipSpecialTokens, isContinuation: true };
        expect(deltasOf(tokenizer, ids, options).join('')).toBe(decodeAtOnce(tokenizer, kept));
        const own = deltasOf(tokenizer, ids, { skipSpecialTokens }).join('');
        expect(own).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }
    }
  });
});

const utf8 = (text: string) => new TextEncoder().encode(text);
function vocabularyOf(pieces: Uint8Array[], numPrefixSpaces = 0): DecoderVocabulary & { numReads: number } {
  return {
    numReads: 0,
    numPrefixSpaces,
    isSpecial: () => false,
    tokenBytes(id) {
      this.numReads++;
      return pieces[id]!;
    },
  };
}

describe('the decoder alone', () => {
  test('holds a character back until its last byte', () => {
    const llama = utf8('🦙');
    const decoder = new IncrementalDecoder(vocabularyOf([...llama].map((byte) => Uint8Array.of(byte))));
    expect([0, 1, 2, 3].map((id) => decoder.push(id))).toEqual(['', '', '', '🦙']);
    expect(decoder.flush()).toBe('');
  });

  test('gives up on bytes that cannot become a character, at once', () => {
    const decoder = new IncrementalDecoder(
      vocabularyOf([Uint8Array.of(0xf0, 0x9f), utf8('a'), Uint8Array.of(0xff)]),
    );
    expect(decoder.push(0)).toBe('');
    expect(decoder.push(1)).toBe('\ufffda');
    expect(decoder.push(2)).toBe('\ufffd');
    expect(decoder.push(0)).toBe('');
    expect(decoder.flush()).toBe('\ufffd');
  });

  test('takes prefix spaces off the beginning only, over several tokens', () => {
    const pieces = [utf8(' '), utf8(''), utf8('  a'), utf8(' b')];
    const run = (numPrefixSpaces: number, options?: DecodeOptions) => {
      const decoder = new IncrementalDecoder(vocabularyOf(pieces, numPrefixSpaces), options);
      return [0, 1, 2, 3].map((id) => decoder.push(id));
    };
    expect(run(1)).toEqual(['', '', '  a', ' b']);
    expect(run(2)).toEqual(['', '', ' a', ' b']);
    expect(run(9)).toEqual(['', '', 'a', ' b']);
    expect(run(1, { isContinuation: true })).toEqual([' ', '', '  a', ' b']);
  });

  test('looks at each id once', () => {
    const vocabulary = vocabularyOf([utf8('a')]);
    const decoder = new IncrementalDecoder(vocabulary);
    for (let i = 0; i < 1000; i++) decoder.push(0);
    expect(vocabulary.numReads).toBe(1000);
  });
});
