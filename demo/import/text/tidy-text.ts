/** Text as the model and the reader should get it: pure. */
import type { DocumentPlace } from '../../../src/index';
import { placeMark } from '../document';

/** Characters that no reader sees: soft hyphens, zero-width spaces and marks, controls other than tab and line feed. */
// oxlint-disable-next-line no-control-regex
const invisible = /[\u00ad\u200b\u2060\ufeff\u0001-\u0008\u000b\u000e-\u001f\u007f-\u009f]/g;

/** Letters in the forms that they have when joined, as some files store them: `ﬁ`, Arabic and Hebrew presentation forms. */
const joined = /[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]+/g;

/** What no kind of text has inside: places are marked with it. */
export function withoutMarks(text: string): string {
  return text.replaceAll(placeMark, '');
}

/**
 * The text with `\n` line ends, no invisible characters, no blanks at line ends, at most one empty line in a row, and none
 * around it. Indentation stays.
 */
export function tidyText(text: string): string {
  return text
    .replace(/\r\n?|\u0085|\u2028/g, '\n')
    .replace(/\f|\u2029/g, '\n\n')
    .replace(invisible, '')
    .replace(joined, (letters) => letters.normalize('NFKC'))
    .replace(/\u00a0/g, ' ')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}

const maxLabelChars = 100;

function shortened(text: string, maxChars: number): string {
  return text.length > maxChars ? `${text.slice(0, maxChars - 1).trimEnd()}…` : text;
}

/**
 * Tidies a text with marks, and says where the marks were.
 * @param labels of the marks, in order
 */
export function tidyPlaces(
  marked: string,
  labels: readonly string[],
): { readonly text: string; readonly places: readonly DocumentPlace[] } {
  // A mark goes to the text that it stands before, so that what lies between them is tidied as a whole.
  const parts = tidyText(marked.replace(/(\0+)(\s+)/g, '$2$1')).split(placeMark);
  const places: DocumentPlace[] = [];
  let startChar = 0;
  for (const [index, part] of parts.entries()) {
    const label = shortened((labels[index - 1] ?? '').replace(/\s+/g, ' ').trim(), maxLabelChars);
    if (label !== '' && (part.trim() !== '' || index < parts.length - 1)) {
      // Of places that begin at one character the last one is the most exact.
      if (places.at(-1)?.startChar === startChar) places.pop();
      if (places.at(-1)?.label !== label) places.push({ startChar, label });
    }
    startChar += part.length;
  }
  const text = parts.join('');
  return { text, places: places.filter((place) => place.startChar < text.length) };
}

const maxTitleChars = 120;

/** The first of `candidates` that has something to say, on one line and of a length that fits a list. */
export function chooseTitle(...candidates: readonly (string | null | undefined)[]): string {
  for (const candidate of candidates) {
    const title = tidyText(withoutMarks(candidate ?? ''))
      .replace(/\s+/g, ' ')
      .trim();
    if (/[\p{L}\p{N}]/u.test(title)) return shortened(title, maxTitleChars);
  }
  return 'Untitled';
}
