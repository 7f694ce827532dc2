/**
 * The encoding of bytes that do not name one: what the frequency of letters tells (chardet), unless words as they come out show
 * that it is another one. Pure.
 */
import { analyse } from 'chardet';

/** Bytes that are looked at to tell what a text is. */
const sampleBytes = 65_536;

/** Encodings that chardet does not know, and those that it takes for others in short texts. */
const lastResorts = ['windows-1252', 'windows-1251', 'ibm866', 'x-mac-cyrillic', 'macintosh', 'gb18030'];

/** Text in an encoding in which all bytes mean something. */
export type StrictDecoder = (
  label: string,
) => { readonly text: string; readonly encoding: string } | undefined;

const count = (text: string, pattern: RegExp) => text.match(pattern)?.length ?? 0;

const mixed =
  /\p{Script=Latin}[\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}]\p{Script=Latin}/gu;

/** Words of which one letter alone is large, signs within words, and parts of frames come of a wrong encoding. */
function numFaults(text: string): number {
  return (
    count(text, /\p{Ll}\p{Lu}(?!\p{Lu})/gu) +
    count(text, /\p{L}[¢£¤¥¦§¨©¬®¯°±´¶·¸¹»«†‡‰‹›™…„“”•€]+\p{L}/gu) +
    count(text, /(?<=[\p{L}„])[‚„…†‡ˆ‰‹](?=\p{L})/gu) +
    count(text, mixed) +
    count(text, /[\u02c6-\u02dd\u2500-\u259f]/g)
  );
}

/** Letters beyond ASCII: of so many one may be at fault. */
const lettersPerFault = 12;

/** Nothing but narrow kana: bytes of another encoding come out so. */
const isNarrowKana = (text: string) => /^[\0-\x7f\uff61-\uff9f]+$/.test(text);

const isLikely = (text: string) =>
  !isNarrowKana(text) &&
  numFaults(text) * lettersPerFault <= Math.max(lettersPerFault / 2, count(text, /[^\0-\x7f]/g));

/** Encodings that have most letters in common, and what tells the second from the first. */
const twins: readonly (readonly [first: string, second: string, sign: RegExp])[] = [
  ['koi8-r', 'koi8-u', /\p{Script=Cyrillic}[\u2500-\u257f]|[\u2500-\u257f]\p{Script=Cyrillic}/u],
  ['iso-8859-7', 'windows-1253', /(?:^|\s)’\p{Script=Greek}/u],
  ['windows-1251', 'x-mac-cyrillic', /\p{Ll}[ЯЮЭ](?!\p{Lu})/u],
];

/** Nearly all of a text in Korean letters is no accident. */
const isKorean = (text: string) =>
  count(text, /[\uac00-\ud7a3]/g) > 0.9 * count(text, /(?=[^\0-\x7f])\p{L}/gu);

/** The share of two-byte letters whose first byte is between two others. */
function shareBetween(bytes: Uint8Array, least: number, most: number): number {
  let [numIn, numAll] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at]!;
    if (lead < 0x80) continue;
    numAll++;
    if (lead >= least && lead <= most) numIn++;
    at++;
  }
  return numIn / numAll;
}

/** Common letters stand first in both sets of Chinese: what is rare in one and common in the other is in the other. */
function isRatherGb(bytes: Uint8Array): boolean {
  return shareBetween(bytes, 0xa1, 0xc6) < 0.85 && shareBetween(bytes, 0xa1, 0xd7) > 0.95;
}

/** Korean is written in a part of its set that others spread beyond, and with blanks. */
function isRatherKorean(bytes: Uint8Array): boolean {
  let numLetters = 0;
  for (let at = 0; at < bytes.length; at++) {
    const lead = bytes[at]!;
    if (lead < 0x80) continue;
    if (lead < 0xb0 || lead > 0xc8 || bytes[at + 1]! < 0xa1) return false;
    numLetters++;
    at++;
  }
  return numLetters >= 6 && bytes.includes(0x20);
}

/** The text as it is most likely meant; undefined where nothing makes sense of all bytes. */
export function guessEncoding(bytes: Uint8Array, decode: StrictDecoder): ReturnType<StrictDecoder> {
  const names = analyse(bytes.subarray(0, sampleBytes))
    .map(({ name }) => name)
    .filter((name) => !/^(?:utf-?8|ascii)$/i.test(name));
  const decoded = names.flatMap((name) => decode(name) ?? []);
  const [first] = decoded;
  for (const found of decoded) {
    if (found.encoding === 'gb18030') {
      const korean = decode('euc-kr');
      if (korean && isKorean(korean.text)) return korean;
    }
    for (const [one, another, sign] of twins) {
      const twin = found.encoding === one && sign.test(found.text) ? decode(another) : undefined;
      if (twin && isLikely(twin.text) && numFaults(twin.text) <= numFaults(found.text)) return twin;
    }
    const ratherKorean = found.encoding === 'big5' && isRatherKorean(bytes) ? decode('euc-kr') : undefined;
    if (ratherKorean) return ratherKorean;
    const simplified = found.encoding === 'big5' && isRatherGb(bytes) ? decode('gb18030') : undefined;
    if (simplified) return simplified;
    if (isLikely(found.text)) return found;
  }
  // Too few letters to tell anything by.
  if (!first) return undefined;
  return lastResorts.flatMap((name) => decode(name) ?? []).find(({ text }) => isLikely(text)) ?? first;
}

/** Whether 16-bit units are East Asian text: nearly all of them are, and its own blanks, kana or full stops are among them. */
export function isEastAsianUtf16(text: string): boolean {
  const numAll = text.length;
  const numOwn = count(text, /[\u3000-\u30ff\uac00-\ud7a3\uff00-\uffef]/g);
  const numKnown = numOwn + count(text, /[\u4e00-\u9fff\n\r\x20-\x7e]/g);
  return numAll >= 8 && numKnown >= 0.97 * numAll && numOwn >= 0.05 * numAll;
}
