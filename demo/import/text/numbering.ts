/** Numbers of list items and clauses, in the styles of HTML and word processors: pure. */

const romanParts: readonly (readonly [number, string])[] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
];

/** @param number 1 to 3999; others stay figures */
export function romanNumber(number: number): string {
  if (!Number.isInteger(number) || number < 1 || number > 3999) return String(number);
  let [rest, text] = [number, ''];
  for (const [value, letters] of romanParts) {
    for (; rest >= value; rest -= value) text += letters;
  }
  return text;
}

/** a to z, then aa, ab, as HTML counts. */
export function letterNumber(number: number): string {
  if (!Number.isInteger(number) || number < 1) return String(number);
  let [rest, text] = [number, ''];
  for (; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    text = String.fromCharCode(97 + ((rest - 1) % 26)) + text;
  }
  return text;
}

/** a to z, then aa, bb, as word processors count. */
function repeatedLetter(number: number): string {
  if (!Number.isInteger(number) || number < 1 || number > 26 * 20) return String(number);
  return String.fromCharCode(97 + ((number - 1) % 26)).repeat(Math.ceil(number / 26));
}

const ordinalEnd = (number: number) =>
  number % 100 >= 11 && number % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');

/** A number in the format that a DOCX or ODT names. */
export function wordNumber(number: number, format: string): string {
  switch (format) {
    case 'lowerRoman':
    case 'i':
      return romanNumber(number);
    case 'upperRoman':
    case 'I':
      return romanNumber(number).toUpperCase();
    case 'lowerLetter':
    case 'a':
      return repeatedLetter(number);
    case 'upperLetter':
    case 'A':
      return repeatedLetter(number).toUpperCase();
    case 'ordinal':
      return `${number}${ordinalEnd(number)}`;
    case 'decimalZero':
      return String(number).padStart(2, '0');
    case 'none':
      return '';
    default:
      return String(number);
  }
}

/** The marker of an item of an HTML list. @param type of `ol`: 1, a, A, i or I */
export function itemMarker(number: number, type: string | undefined): string {
  switch (type) {
    case 'a':
      return `${letterNumber(number)}.`;
    case 'A':
      return `${letterNumber(number).toUpperCase()}.`;
    case 'i':
      return `${romanNumber(number)}.`;
    case 'I':
      return `${romanNumber(number).toUpperCase()}.`;
    default:
      return `${number}.`;
  }
}
