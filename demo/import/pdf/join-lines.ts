/** Two lines of one paragraph as one, with a word that was broken between them made whole. Pure. */
export function joinLines(before: string, after: string): string {
  if (/\p{L}[\u00ad\u2010-]$/u.test(before) && /^\p{Ll}/u.test(after)) return before.slice(0, -1) + after;
  if (before.endsWith('\u00ad')) return before.slice(0, -1) + after;
  if (/[\p{L}\p{N}][\u2010-]$/u.test(before) && /^[\p{L}\p{N}]/u.test(after)) return before + after;
  return `${before} ${after}`;
}
