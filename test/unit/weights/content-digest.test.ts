import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ContentDigest } from '../../../src/weights/content-digest';

const mebibyte = 2 ** 20;
const content = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 9)) & 255);

async function digestInParts(bytes: Uint8Array, sizes: readonly number[]): Promise<string> {
  const digest = new ContentDigest();
  let offset = 0;
  for (let i = 0; offset < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    await digest.update(bytes.subarray(offset, (offset += size)));
  }
  return digest.finish();
}

test.each([0, 1, mebibyte - 1, mebibyte, 3 * mebibyte + 17])(
  'the digest of %d bytes is the one of its description, however they arrive',
  async (length) => {
    const bytes = content(length);
    const sha = (data: Uint8Array | string) => createHash('sha256').update(data).digest();
    const outer = createHash('sha256').update(`${length}\n`);
    for (let at = 0; at <= length; at += mebibyte) outer.update(sha(bytes.subarray(at, at + mebibyte)));
    const wanted = `sha256:${outer.digest('hex')}`;
    for (const sizes of [[length || 1], [60_000], [mebibyte], [1, mebibyte, 77_777]])
      expect(await digestInParts(bytes, sizes)).toBe(wanted);
  },
);

test('every byte counts', async () => {
  const bytes = content(2 * mebibyte + 5);
  const whole = await digestInParts(bytes, [bytes.length]);
  for (const at of [0, mebibyte, bytes.length - 1]) {
    const changed = bytes.slice();
    changed[at]! ^= 1;
    expect(await digestInParts(changed, [bytes.length])).not.toBe(whole);
  }
});
