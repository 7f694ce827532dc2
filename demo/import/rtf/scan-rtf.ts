/** RTF as a sequence of groups, control words and bytes of text: pure. */

/** Told what comes, in order. */
export interface RtfHandler {
  openGroup(): void;
  closeGroup(): void;
  /** @param parameter undefined where none is written */
  word(name: string, parameter: number | undefined): void;
  /** A control symbol other than a byte: `*`, `~`. */
  symbol(character: string): void;
  /** One byte of text, in the encoding of its font. */
  byte(value: number): void;
}

const isLetter = (code: number) => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
const isDigit = (code: number) => code >= 48 && code <= 57;

function hexValue(code: number | undefined): number {
  const value = Number.parseInt(String.fromCharCode(code ?? 0), 16);
  return Number.isNaN(value) ? 0 : value;
}

/** Letters that a control word may have, and figures its parameter. */
const longestWord = 32;
const longestNumber = 11;

/** Reads a whole file, however torn it is. */
export function scanRtf(bytes: Uint8Array, handler: RtfHandler): void {
  let at = 0;
  const readWord = (): void => {
    const start = at;
    while (at < bytes.length && at - start < longestWord && isLetter(bytes[at]!)) at++;
    const name = String.fromCharCode(...bytes.subarray(start, at));
    const numberStart = at;
    if (bytes[at] === 45) at++;
    while (at < bytes.length && at - numberStart < longestNumber && isDigit(bytes[at]!)) at++;
    const digits = String.fromCharCode(...bytes.subarray(numberStart, at));
    const parameter = /\d/.test(digits) ? Number(digits) : undefined;
    if (bytes[at] === 32) at++;
    // Bytes that are not text follow.
    if (name === 'bin') at += Math.max(0, parameter ?? 0);
    else handler.word(name, parameter);
  };
  while (at < bytes.length) {
    const code = bytes[at++]!;
    if (code === 123) handler.openGroup();
    else if (code === 125) handler.closeGroup();
    else if (code === 92) {
      const next = bytes[at];
      if (next === undefined) return;
      if (isLetter(next)) readWord();
      else {
        at++;
        if (next === 39) {
          handler.byte(16 * hexValue(bytes[at]) + hexValue(bytes[at + 1]));
          at += 2;
        } else if (next === 92 || next === 123 || next === 125) handler.byte(next);
        else if (next === 10 || next === 13) handler.word('par', undefined);
        else handler.symbol(String.fromCharCode(next));
      }
    } else if (code !== 10 && code !== 13 && code !== 0) handler.byte(code);
  }
}
