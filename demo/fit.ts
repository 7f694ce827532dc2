/** Whether a document fits the context that the model is loaded with, and the part of it that does: pure. */

/** Tokens that one answer may have. */
export const maxAnswerTokens = 512;

/** Tokens of a document that a context holds beside a question and its answer. */
export function mostDocumentTokens(contextTokens: number): number {
  return Math.floor(contextTokens - Math.min(maxAnswerTokens, contextTokens / 4));
}

/** Tokens are no measure of characters; what is cut shorter by this share fits in nearly every text. */
const safety = 0.97;

/**
 * The beginning of a text, up to the end of a paragraph, else of a sentence, else of a word, with about `mostTokens` of its
 * `numTokens` tokens.
 */
export function firstPart(text: string, numTokens: number, mostTokens: number): string {
  const part = text.slice(0, Math.floor((text.length * safety * mostTokens) / numTokens));
  for (const border of ['\n\n', '. ', ' ']) {
    const at = part.lastIndexOf(border);
    if (at > part.length / 2) return part.slice(0, at + 1).trimEnd();
  }
  return part.trimEnd();
}
