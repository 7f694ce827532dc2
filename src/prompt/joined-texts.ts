/** Several documents as one text: in order, each boundary marked by lines that name what ends and what begins. Pure. */
import type { DocumentPlace } from './places';

/** A document that is to stand beside others. */
export interface NamedText {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Where its text stands, in ascending order. */
  readonly places?: readonly DocumentPlace[] | undefined;
}

/** A document's own characters in the joined text, `[startChar, endChar)` in UTF-16 units. */
export interface TextPart extends Omit<NamedText, 'text'> {
  readonly startChar: number;
  readonly endChar: number;
}

/** Documents that are asked together. */
interface JoinedTexts {
  readonly text: string;
  readonly parts: readonly TextPart[];
}

/** Longer titles are cut: a boundary is to be a line. */
const mostTitleChars = 120;

/**
 * The texts behind each other. Nothing stands before the first one, since its kept pages are of a prompt that begins with it: what
 * it is called is said behind it. A text alone is joined with nothing.
 */
export function joinTexts(documents: readonly NamedText[]): JoinedTexts {
  let joined = '';
  const parts = documents.map(({ text, ...named }, i) => {
    if (i > 0) joined += `--- Document ${i + 1}: ${lineOf(named.title)} ---\n\n`;
    const startChar = joined.length;
    joined += text;
    const part = { ...named, startChar, endChar: joined.length };
    if (documents.length > 1) joined += `\n\n--- End of document ${i + 1}: ${lineOf(named.title)} ---`;
    if (i < documents.length - 1) joined += '\n\n';
    return part;
  });
  return { text: joined, parts };
}

function lineOf(title: string): string {
  const line = title.replace(/\s+/g, ' ').trim();
  return line.length > mostTitleChars ? `${line.slice(0, mostTitleChars - 1)}…` : line;
}
