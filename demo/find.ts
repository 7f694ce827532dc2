/** Finds words in a document's text: pure. */
import type { Span } from './paragraphs';

/** Matches that are found; who has more asks for something more exact. */
export const mostMatches = 1000;

/** Every place of `query`, whatever its case, and whatever white space or line end parts its words. */
export function findAll(text: string, query: string): Span[] {
  const words = query.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const escaped = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const matches: Span[] = [];
  for (const { 0: match, index } of text.matchAll(new RegExp(escaped.join('\\s+'), 'gi'))) {
    matches.push({ start: index, end: index + match.length });
    if (matches.length >= mostMatches) break;
  }
  return matches;
}

/** The first match at or behind a character, else the first of all: -1 where there is none. */
export function matchFrom(matches: readonly Span[], startChar: number): number {
  const found = matches.findIndex(({ start }) => start >= startChar);
  return found < 0 && matches.length > 0 ? 0 : found;
}
