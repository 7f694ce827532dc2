/** Which words of a text another one lacks: pure. */

/** How often each word is in a text; hyphens, marks and case do not count, so that line ends may break words. */
export function countWords(text) {
  const counts = new Map();
  const plain = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u00ad\u2010-]\s*\n\s*/g, '');
  for (const [word] of plain.matchAll(/[\p{L}\p{N}]+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Words that are in `reference` and never in `text`, with how often the reference has them, most often first. */
export function lostWords(text, reference) {
  const there = countWords(text);
  // Where letters are joined or words parted otherwise, nothing is lost.
  const all = [...there.keys()].join(' ');
  const solid = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return [...countWords(reference)]
    .filter(([word]) => !there.has(word) && !all.includes(word) && !solid.includes(word))
    .sort((a, b) => b[1] - a[1]);
}
