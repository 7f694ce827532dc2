/** Text as the model and the reader should get it: pure. */

/** Characters that no reader sees: soft hyphens, zero-width spaces and marks, controls other than tab and line feed. */
// eslint-disable-next-line no-control-regex
const invisible = /[\u00ad\u200b\u2060\ufeff\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f]/g;

/**
 * The text with `\n` line ends, no invisible characters, no blanks at line ends, at most one empty line in a row, and none
 * around it. Indentation stays.
 */
export function tidyText(text: string): string {
  return text
    .replace(/\r\n?|\u0085|\u2028/g, '\n')
    .replace(/\f|\u2029/g, '\n\n')
    .replace(invisible, '')
    .replace(/\u00a0/g, ' ')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}

const maxTitleChars = 120;

/** The first of `candidates` that has something to say, on one line and of a length that fits a list. */
export function chooseTitle(...candidates: readonly (string | null | undefined)[]): string {
  for (const candidate of candidates) {
    const title = tidyText(candidate ?? '')
      .replace(/\s+/g, ' ')
      .trim();
    if (!/[\p{L}\p{N}]/u.test(title)) continue;
    return title.length > maxTitleChars ? `${title.slice(0, maxTitleChars - 1).trimEnd()}…` : title;
  }
  return 'Untitled';
}

/** A file's name without its folder and extension. */
export function nameWithoutExtension(fileName: string): string {
  return fileName
    .replace(/^.*[/\\]/, '')
    .replace(/\.(?:txt|text|md|markdown|html?|xhtml|pdf|epub|docx)$/i, '');
}
