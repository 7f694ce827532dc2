/** Bytes to text, in the encodings that documents come in: pure. What the bytes say themselves goes before what they are called. */
import { guessEncoding, isEastAsianUtf16 } from './guess-encoding';

/** Text with the encoding that it was read in. */
export interface DecodedText {
  readonly text: string;
  /** As the Encoding Standard names it, lower case. */
  readonly encoding: string;
  /** Whether nothing but the frequency of letters speaks for the encoding. */
  readonly isGuess: boolean;
}

const byteOrderMarks: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/** Bytes that are looked at to tell what a text is. */
const sampleBytes = 65_536;

/** A text has fewer of these among its bytes: controls that no text uses, and NULs, which fill what a power cut left unwritten. */
const mostControlShare = 0.02;
const mostNulShare = 0.32;

/** The encoding that a byte order mark at the start names, or that every other byte being NUL betrays. */
function markedEncoding(bytes: Uint8Array): string | undefined {
  const marked = byteOrderMarks.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte))?.[0];
  return marked ?? unmarkedUtf16(bytes);
}

/** UTF-16 without a mark: the high bytes of most letters, blanks and line ends are alike, the low ones are not. */
function unmarkedUtf16(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, 4096 - (4096 % 2));
  if (sample.length < 4 || bytes.length % 2 !== 0) return undefined;
  const numNul = [0, 0];
  const highs = [new Map<number, number>(), new Map<number, number>()];
  for (const [index, byte] of sample.entries()) {
    if (byte === 0) numNul[index % 2]!++;
    const counts = highs[index % 2]!;
    counts.set(byte, (counts.get(byte) ?? 0) + 1);
  }
  const numUnits = sample.length / 2;
  for (const [encoding, high] of [
    ['utf-16le', 1],
    ['utf-16be', 0],
  ] as const) {
    // Some of the units are blanks, whose high byte is NUL; of all high bytes there are only a few kinds.
    const isNulHigh = numNul[high]! > numUnits * 0.1 && numNul[1 - high]! < numUnits * 0.02;
    if (isNulHigh && highs[high]!.size <= 12) return encoding;
  }
  // Chinese, Japanese and Korean have no blanks, and letters of many high bytes.
  if (decodeStrictly(bytes, 'utf-8')) return undefined;
  return ['utf-16le', 'utf-16be'].find((encoding) =>
    isEastAsianUtf16(new TextDecoder(encoding).decode(sample)),
  );
}

/** What switches to Japanese letters, which are written with the bytes of ASCII. */
const beginsJapanese = ['\u001b$@', '\u001b$B'];

/** Whether the bytes hold no text in any encoding read here; a few NULs, as logs have after a power cut, do not say so. */
export function isBinary(bytes: Uint8Array): boolean {
  if (markedEncoding(bytes) !== undefined) return false;
  const sample = bytes.subarray(0, sampleBytes);
  let [numControls, numNul] = [0, 0];
  for (const byte of sample) {
    if (byte === 0) numNul++;
    else if (byte < 9 || (byte > 13 && byte < 32 && byte !== 27)) numControls++;
  }
  return numControls > sample.length * mostControlShare || numNul > sample.length * mostNulShare;
}

function decoderFor(label: string, fatal: boolean): TextDecoder | undefined {
  try {
    return new TextDecoder(label, { fatal });
  } catch {
    // A label that no browser knows: the document named its encoding wrongly.
    return undefined;
  }
}

/** The text if all bytes mean something in the encoding, and nothing of it is a control or unassigned. */
function decodeStrictly(bytes: Uint8Array, label: string): DecodedText | undefined {
  const decoder = decoderFor(label, true);
  if (!decoder) return undefined;
  try {
    return { text: decoder.decode(bytes), encoding: decoder.encoding, isGuess: false };
  } catch {
    // Bytes that mean nothing in it.
    return undefined;
  }
}

// oxlint-disable-next-line no-control-regex
const isAscii = (text: string) => !/[^\x00-\x7f]/.test(text);

/**
 * The text, never with unpaired surrogates: by its byte order mark, as UTF-8 where it is that, as `label` says where that makes
 * sense of every byte, and else as the frequency of its letters tells.
 * @param label what the document or a server says of the encoding
 * @param chosen what a person says of it, which holds
 */
export function decodeText(bytes: Uint8Array, label?: string, chosen?: string): DecodedText {
  const wanted = chosen === undefined ? undefined : decoderFor(chosen, false);
  if (wanted) return { text: wanted.decode(bytes), encoding: wanted.encoding, isGuess: false };
  const marked = markedEncoding(bytes);
  if (marked) return { text: new TextDecoder(marked).decode(bytes), encoding: marked, isGuess: false };
  const named = label === undefined ? undefined : decodeStrictly(bytes, label);
  const utf8 = decodeStrictly(bytes, 'utf-8');
  // Only encodings that switch by escapes write other letters with the bytes of ASCII.
  if (utf8 && isAscii(utf8.text) && named?.encoding === 'iso-2022-jp') return named;
  if (utf8 && beginsJapanese.some((escape) => utf8.text.includes(escape))) {
    const switching = decodeStrictly(bytes, 'iso-2022-jp');
    if (switching) return { ...switching, isGuess: true };
  }
  if (utf8) return utf8;
  if (named && !hasOddities(named.text)) return named;
  return mostlyUtf8(bytes) ?? guess(bytes) ?? named ?? windows1252(bytes);
}

/** Controls and letters that nobody assigned show that a text was read in a wrong encoding. */
const hasOddities = (text: string) => /[\u0080-\u009f\ue000-\uf8ff\ufffd]/.test(text);

function guess(bytes: Uint8Array): DecodedText | undefined {
  // Windows' sets have more letters than ISO's, at the places of controls.
  const found = guessEncoding(bytes, (label) => {
    const decoded = decodeStrictly(bytes, label);
    return decoded && !hasOddities(decoded.text) ? decoded : undefined;
  });
  return found && { ...found, isGuess: true };
}

/** UTF-8 of which a few characters are torn, as in a file that was cut or joined. */
function mostlyUtf8(bytes: Uint8Array): DecodedText | undefined {
  const text = new TextDecoder().decode(bytes);
  const numBroken = text.split('\ufffd').length - 1;
  const numWhole = text.match(/[\u0080-\ufffc]/g)?.length ?? 0;
  return numWhole > 3 * numBroken ? { text, encoding: 'utf-8', isGuess: false } : undefined;
}

/** In it every byte means something. */
function windows1252(bytes: Uint8Array): DecodedText {
  return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252', isGuess: true };
}

/** The encoding that an XML declaration or an HTML `meta` names in the first kilobyte. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, 1024));
  const match = /<\?xml[^>]*\bencoding\s*=\s*["']([\w-]+)|<meta[^>]*\bcharset\s*=\s*["']?\s*([\w-]+)/i.exec(
    head,
  );
  const label = match?.[1] ?? match?.[2];
  // A declaration that can be read byte by byte is not in UTF-16, whatever it says.
  return label && /^utf-?16/i.test(label) ? 'utf-8' : label;
}
