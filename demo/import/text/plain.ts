/** Text, Markdown and tables of text: what is written stays, but for pictures that are spelled out as letters. */
import { parse } from 'papaparse';
import { decodeText, declaredEncoding, type DecodedText } from '../bytes/decode-text';
import { placeMark, type DocumentBytes, type ExtractedText, type ImportChoices } from '../document';
import { hiddenNote } from '../notes';
import { tableText } from './table-text';
import { withoutMarks } from './tidy-text';

/** The text of bytes that say nothing of their encoding, and what of it is in doubt. */
export function decodeWithNotes(
  { bytes, contentType }: DocumentBytes,
  { encoding }: ImportChoices,
): DecodedText & { readonly notes: string[] } {
  const charset = /charset\s*=\s*["']?([\w-]+)/i.exec(contentType)?.[1];
  const decoded = decodeText(bytes, charset ?? declaredEncoding(bytes), encoding);
  const notes: string[] = [];
  if (decoded.isGuess) {
    notes.push(`The file does not say how its letters are encoded; it was read as ${decoded.encoding}.`);
  }
  const numNul = decoded.text.split(placeMark).length - 1;
  if (numNul > 0) notes.push(`${numNul} NUL ${numNul === 1 ? 'character was' : 'characters were'} left out.`);
  const numBroken = decoded.text.split('\ufffd').length - 1;
  if (numBroken > 0) {
    notes.push(
      `${numBroken} ${numBroken === 1 ? 'character' : 'characters'} could not be read in this encoding.`,
    );
  }
  return { ...decoded, text: withoutMarks(decoded.text), notes };
}

/** Plain text as it is. */
export function readText(source: DocumentBytes, choices: ImportChoices): ExtractedText {
  const { text, encoding, notes } = decodeWithNotes(source, choices);
  const { kept, numPictures } = withoutEmbedded(text);
  return { text: kept, titles: [], encoding, notes: [...notes, ...pictureNote(numPictures)] };
}

/** Markdown as it is written, with its headings as places. */
export function readMarkdown(source: DocumentBytes, choices: ImportChoices): ExtractedText {
  const { text, encoding, notes } = decodeWithNotes(source, choices);
  const { shown, numComments } = withoutComments(text);
  const { kept, numPictures } = withoutEmbedded(shown);
  const { marked, labels, frontTitle } = markHeadings(kept);
  return {
    text: marked,
    labels,
    titles: [frontTitle, labels[0]],
    encoding,
    notes: [...notes, ...hiddenNote(numComments), ...pictureNote(numPictures)],
  };
}

/** Rows of fields as lines with bars. */
export function readCsv(source: DocumentBytes, choices: ImportChoices): ExtractedText {
  const { text, encoding, notes } = decodeWithNotes(source, choices);
  // Spreadsheets are told the separator on a line of its own.
  const isTabbed = /\.(?:tsv|tab)$/i.test(source.name) && text.includes('\t');
  const separator = /^\ufeff?sep=(.)\r?\n/i.exec(text);
  const { data, errors } = parse<string[]>(text.slice(separator?.[0].length ?? 0).replace(/^\ufeff/, ''), {
    skipEmptyLines: 'greedy',
    ...((separator ?? isTabbed) && { delimiter: separator?.[1] ?? '\t' }),
  });
  if (errors.some(({ type }) => type === 'Quotes')) {
    notes.push('Quotation marks in the table do not pair up, so cells may be joined or cut.');
  }
  return {
    text: tableText(data.map((row) => row.map((cell) => ({ text: cell })))),
    titles: [],
    encoding,
    notes,
  };
}

/** Letters in the code of a picture from which on it is one, and not an example of one. */
const codeChars = 200;

/** Text without pictures that are written out in base64, in links of Markdown, HTML or anywhere. */
function withoutEmbedded(text: string): { readonly kept: string; readonly numPictures: number } {
  let numPictures = 0;
  const kept = text.replace(
    /data:[\w.+-]+\/[\w.+-]+(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=%]*)/g,
    (whole, code: string) => {
      if (code.length < codeChars) return whole;
      numPictures++;
      return 'picture';
    },
  );
  return { kept, numPictures };
}

const pictureNote = (count: number) =>
  count === 0 ? [] : [`${count} embedded ${count === 1 ? 'picture was' : 'pictures were'} left out.`];

/** Where Markdown's code begins, or a comment. */
const codeOrComment = /^ {0,3}(`{3,}|~{3,})|(`+)|<!--/gm;

/** Markdown without comments, which no reader of it sees; in code they are examples, and what is not closed is none. */
function withoutComments(text: string): { readonly shown: string; readonly numComments: number } {
  let [shown, at, numComments] = ['', 0, 0];
  // What was looked for in vain once is not there later.
  const missing = new Set<string>();
  const endOf = (mark: string, from: number): number | undefined => {
    const found = missing.has(mark) ? -1 : text.indexOf(mark, from);
    if (found < 0) missing.add(mark);
    return found < 0 ? undefined : found + mark.length;
  };
  for (const { index, 0: whole, 1: fence, 2: ticks } of text.matchAll(codeOrComment)) {
    if (index < at) continue;
    const start = index + whole.length;
    if (fence !== undefined) at = copyTo(endOf(`\n${fence}`, start) ?? text.length);
    else if (ticks !== undefined) at = copyTo(endOf(ticks, start) ?? start);
    else {
      const end = endOf('-->', start);
      if (end === undefined) continue;
      if (/[\p{L}\p{N}]{2}/u.test(text.slice(index, end))) numComments++;
      copyTo(index);
      at = end;
    }
  }
  return { shown: shown + text.slice(at), numComments };

  function copyTo(end: number): number {
    shown += text.slice(at, end);
    return end;
  }
}

/** The text of a heading without the marks around it. */
function headingText(line: string): string | undefined {
  // What is longer than any heading is cut first: marks at an end are looked for from every place.
  return /^ {0,3}#{1,6}[ \t]+(.*)$/
    .exec(line.slice(0, 500))?.[1]
    ?.replace(/[ \t#]+$/, '')
    .trim();
}

/** Marks before headings that stand outside of code and front matter. */
export function markHeadings(text: string): {
  readonly marked: string;
  readonly labels: readonly string[];
  readonly frontTitle: string | undefined;
} {
  const labels: string[] = [];
  let fence: string | undefined;
  let frontTitle: string | undefined;
  let isFront = /^---[ \t]*\r?\n[\s\S]*?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.test(text);
  const marked = text.split('\n').map((line, index) => {
    if (isFront) {
      frontTitle ??= /^title\s*:\s*["']?(.*?)["']?\s*$/i.exec(line.slice(0, 500))?.[1];
      if (index > 0 && /^(?:---|\.\.\.)\s*$/.test(line)) isFront = false;
      return line;
    }
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      return line;
    }
    const heading = fence === undefined ? headingText(line) : undefined;
    if (!heading) return line;
    labels.push(heading);
    return placeMark + line;
  });
  return { marked: marked.join('\n'), labels, frontTitle };
}
