/** Long texts: the same ids as at once, given up early where they cannot fit, and stopped by a signal. */
import { expect, test } from 'vitest';
import { encodeText } from '../../../src/prompt/encode-prompt';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { tinyTokenizerConfig, tinyTokenizerJson } from '../../../tools/tiny-models/tiny-tokenizer';

const tokenizer = Tokenizer.fromJson(tinyTokenizerJson(), tinyTokenizerConfig());
const text = 'word and more '.repeat(3000);

test('the ids are those of the whole text', async () => {
  const whole = tokenizer.encode(text, { addSpecialTokens: false });
  expect(await encodeText(text, false, { tokenizer, contextTokens: Infinity })).toEqual(whole);
  expect(await encodeText('', false, { tokenizer, contextTokens: 1 })).toEqual([]);
});

test('a text of megabytes is refused before all of it is encoded', async () => {
  const long = text.repeat(250);
  const refused = encodeText(long, false, { tokenizer, contextTokens: 64 });
  await expect(refused).rejects.toMatchObject({
    code: 'context-too-long',
    message: expect.stringMatching(
      /^The prompt has more than \d{4,5} tokens; this engine holds 64,/,
    ) as string,
  });
});

test('a signal stops it between two pieces', async () => {
  const left = new AbortController();
  const encoding = encodeText(text, false, { tokenizer, contextTokens: Infinity, signal: left.signal });
  left.abort(new Error('left'));
  await expect(encoding).rejects.toThrow('left');
});
