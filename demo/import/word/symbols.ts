/** Letters of symbol fonts, which mean something else than their codes say: pure. */

const wingdings: Readonly<Record<number, string>> = {
  0x6c: '●',
  0x6e: '■',
  0x6f: '☐',
  0x70: '☐',
  0x71: '☐',
  0x72: '☐',
  0x73: '•',
  0x75: '◆',
  0x76: '❖',
  0x77: '•',
  0x78: '☒',
  0x9f: '•',
  0xa7: '▪',
  0xa8: '☐',
  0xd8: '➢',
  0xe0: '→',
  0xdf: '←',
  0xf0: '⇨',
  0xfb: '✗',
  0xfc: '✓',
  0xfd: '☒',
  0xfe: '☑',
};

const wingdings2: Readonly<Record<number, string>> = {
  0x4f: '✗',
  0x50: '✓',
  0x51: '☒',
  0x52: '☑',
  0x53: '☒',
  0x54: '☒',
  0xa3: '☐',
};

const symbolGreek = 'ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ';
const symbolGreekSmall = 'αβχδεφγηιϕκλμνοπθρστυϖωξψζ';
const symbols: Readonly<Record<number, string>> = {
  0xa3: '≤',
  0xb3: '≥',
  0xb0: '°',
  0xb1: '±',
  0xb4: '×',
  0xb8: '÷',
  0xb9: '≠',
  0xbb: '≈',
  0xae: '→',
  0xd6: '√',
  0xa5: '∞',
  0xb7: '•',
  0xe5: '∑',
  0xf2: '∫',
};

/**
 * A character of a symbol font.
 * @param code hexadecimal, in Word's private area or below it
 * @returns undefined for one that nobody knows here
 */
export function symbolCharacter(font: string, code: string): string | undefined {
  const value = Number.parseInt(code, 16);
  if (!Number.isInteger(value)) return undefined;
  const low = value >= 0xf000 && value <= 0xf0ff ? value - 0xf000 : value;
  if (/^wingdings 2$/i.test(font)) return wingdings2[low];
  if (/^wingdings$/i.test(font)) return wingdings[low];
  if (/^symbol$/i.test(font)) {
    if (low >= 0x41 && low <= 0x5a) return symbolGreek[low - 0x41];
    if (low >= 0x61 && low <= 0x7a) return symbolGreekSmall[low - 0x61];
    return symbols[low] ?? (low >= 0x20 && low < 0x41 ? String.fromCharCode(low) : undefined);
  }
  const isPrivate = value >= 0xe000 && value <= 0xf8ff;
  return isPrivate || value > 0x10ffff ? undefined : String.fromCodePoint(value);
}
