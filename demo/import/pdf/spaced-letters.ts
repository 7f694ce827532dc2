/** Headings whose letters are set apart, `C H A P T E R  O N E`, as the words that they are. Pure. */
import type { PdfItem } from './page-items';

/** Letters of a line, and how many of them differ, from which on it is taken for a word that is set apart. */
const least = { letters: 5, distinct: 4 };

/** Wider gaps than this, by the font's size, are those of columns. */
const widestTracking = 1.05;

/** A gap that is so much wider than those between letters parts words. */
const wordGap = 1.5;

/** The items of a page, with lines of single letters that make words as words. */
export function joinSpacedLetters(items: readonly PdfItem[]): readonly PdfItem[] {
  const joined: PdfItem[] = [];
  let line: PdfItem[] = [];
  const close = () => {
    for (const item of areSpaced(line) ? wordsOf(line) : line) joined.push(item);
    line = [];
  };
  for (const item of items) {
    const first = line[0];
    if (first && Math.abs(first.y - item.y) > 0.1 * first.height) close();
    line.push(item);
    if (item.endsLine) close();
  }
  close();
  return joined;
}

const isBlank = ({ text }: PdfItem) => text.trim() === '';

/** Whether a line is of single letters that can be a word: not `A B C D E`, nor the `T F F T F` of a test. */
function areSpaced(line: readonly PdfItem[]): boolean {
  const tokens = line.flatMap(({ text }) => text.split(/\s+/).filter((token) => token !== ''));
  if (tokens.length < least.letters || tokens.some((token) => !/^.$/u.test(token))) return false;
  const letters = tokens.filter((token) => /\p{L}/u.test(token)).map((letter) => letter.toLowerCase());
  if (letters.length < least.letters || new Set(letters).size < least.distinct) return false;
  const isVowel = (letter: string) => /[aeiouy]/.test(letter.normalize('NFD'));
  const isOrdered = letters.every((letter, i) => i === 0 || letters[i - 1]! <= letter);
  const isNear = areWords(line) || Math.min(...gapsOf(line)) <= widestTracking * line[0]!.height;
  return letters.some(isVowel) && !letters.every(isVowel) && !isOrdered && isNear;
}

/** Letters that stand near to each other come as one item for each word, with blanks between them. */
const areWords = (line: readonly PdfItem[]) => line.some(({ text }) => /\S\s+\S/.test(text));

/** How wide it is between items that have letters, in points. */
function gapsOf(line: readonly PdfItem[]): number[] {
  const written = line.filter((item) => !isBlank(item));
  return written.slice(1).map((item, i) => item.x - (written[i]!.x + written[i]!.width));
}

function wordsOf(line: readonly PdfItem[]): PdfItem[] {
  const written = line.filter((item) => !isBlank(item));
  const endsLine = line.at(-1)!.endsLine;
  const gaps = gapsOf(line);
  const hasWords = areWords(line);
  const tracking = Math.min(...gaps);
  const words: PdfItem[] = [];
  for (const [i, item] of written.entries()) {
    const text = item.text.replace(/\s+/g, '');
    const isNew = i === 0 || hasWords || gaps[i - 1]! > wordGap * tracking;
    const last = words.at(-1);
    if (isNew || !last) {
      if (last) words.push({ ...last, text: ' ', x: last.x + last.width, width: 0, endsLine: false });
      words.push({ ...item, text, endsLine: false });
    } else {
      words[words.length - 1] = {
        ...last,
        text: last.text + text,
        width: item.x + item.width - last.x,
      };
    }
  }
  words[words.length - 1] = { ...words.at(-1)!, endsLine };
  return words;
}
