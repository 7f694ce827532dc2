/** Raised, lowered and stacked figures in plain text, so that 10⁶ never becomes 106: pure. */

/** What is raised without changing what is meant: 4th, 1er, Nº, a trade mark. */
const plainRaised = /^(?:st|nd|rd|th|e|er|re|ers|res|ème|o|a|os|as|TM|SM|[™®©ºª*†‡§])$/i;

/** Words of so many letters before a raised figure are units and variables; after longer ones it is a note's mark. */
const unitLetters = 3;

/**
 * A raised text as it follows `before`.
 * @param before the word right before it, or its last character
 * @param isNote whether it is known to lead to a note
 */
export function raised(text: string, before: string, isNote = false): string {
  const content = text.trim();
  if (content === '') return '';
  if (/^\[.*\]$|^\(.*\)$/.test(content)) return content;
  if (isNote) return `[${content}]`;
  if (plainRaised.test(content) || /^[\p{Lu}\p{Ll}]{4,}/u.test(content)) return content;
  if (/^\d{1,3}(?:[,–-]\d{1,3})*$/.test(content) && isProse(before)) return `[${content}]`;
  return `^${isSimple(content) ? content : `(${content})`}`;
}

const isProse = (before: string) =>
  before === '' || /[.,;:!?"”’»]$/.test(before) || (/^\p{L}+$/u.test(before) && before.length > unitLetters);

/** A lowered text as it follows `before`: figures after a letter are read without help, as in H2O. */
export function lowered(text: string, before: string): string {
  const content = text.trim();
  if (content === '') return '';
  if (/^\d+$/.test(content) && /\p{L}$/u.test(before)) return content;
  return `_${isSimple(content) ? content : `(${content})`}`;
}

/** One over the other, with brackets where they are needed to tell what belongs together. */
export function stacked(over: string, under: string): string {
  return `${bracketed(over)}/${bracketed(under)}`;
}

/** In brackets, unless it is one number, name or bracket. */
export function bracketed(text: string): string {
  const content = text.trim();
  return isSimple(content) ? content : `(${content})`;
}

const isSimple = (text: string) => /^[-−+]?(?:[\p{L}\p{N}.,']+|\([^()]*\))$/u.test(text);
