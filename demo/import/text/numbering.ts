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
function letterNumber(number: number): string {
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

const units =
  'Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen Eighteen Nineteen'.split(
    ' ',
  );
const tens = 'Twenty Thirty Forty Fifty Sixty Seventy Eighty Ninety'.split(' ');
const ordinals: Readonly<Record<string, string>> = {
  One: 'First',
  Two: 'Second',
  Three: 'Third',
  Five: 'Fifth',
  Eight: 'Eighth',
  Nine: 'Ninth',
  Twelve: 'Twelfth',
};

/** `Twenty-One`; from a hundred on in figures. */
function cardinalWord(number: number): string | undefined {
  if (!Number.isInteger(number) || number < 0 || number > 99) return undefined;
  if (number < 20) return units[number];
  const rest = number % 10;
  return tens[Math.floor(number / 10) - 2]! + (rest === 0 ? '' : `-${units[rest]!}`);
}

/** `Twenty-First`; from a hundred on in figures. */
function ordinalWord(number: number): string {
  const word = cardinalWord(number);
  if (word === undefined) return `${number}${ordinalEnd(number)}`;
  const last = /[A-Z][a-z]+$/.exec(word)![0];
  const ordinal = ordinals[last] ?? `${last.replace(/y$/, 'ie')}th`;
  return word.slice(0, -last.length) + ordinal;
}

const noteSigns = ['*', '†', '‡', '§'];

/** Letters of the Russian alphabet that number lists: those that look like others or make no sound are left out. */
const russianLetters = 'абвгдежзиклмнопрстуфхцчшщэюя';

/** A number in the format that a DOCX or ODT names. */
export function wordNumber(number: number, format: string): string {
  switch (format) {
    case 'cardinalText':
      return cardinalWord(number) ?? String(number);
    case 'ordinalText':
      return ordinalWord(number);
    case 'decimalEnclosedCircle':
      return number >= 1 && number <= 20 ? String.fromCharCode(0x245f + number) : String(number);
    case 'decimalEnclosedParen':
      return `(${number})`;
    case 'decimalEnclosedFullstop':
      return `${number}.`;
    case 'numberInDash':
      return `- ${number} -`;
    case 'hex':
      return number.toString(16).toUpperCase();
    case 'chicago':
      return noteSigns[(number - 1) % noteSigns.length]?.repeat(Math.ceil(number / noteSigns.length)) ?? '';
    case 'russianLower':
      return russianLetters[number - 1] ?? String(number);
    case 'russianUpper':
      return (russianLetters[number - 1] ?? String(number)).toUpperCase();
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
