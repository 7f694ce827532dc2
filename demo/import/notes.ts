/** Sentences about what of a document is not in its text: pure. */

/** Numbers as people list them: `2, 4–6`; many are shortened. */
export function listNumbers(numbers: readonly number[], mostRanges = 12): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  const shown = ranges
    .slice(0, mostRanges)
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from}, ${to}` : `${from}–${to}`));
  return shown.join(', ') + (ranges.length > mostRanges ? ', …' : '');
}

const plural = (count: number, one: string, many: string) => (count === 1 ? `1 ${one}` : `${count} ${many}`);

/** What a document hides from its readers is no text of it. */
export function hiddenNote(numHidden: number): string[] {
  if (numHidden === 0) return [];
  const what = plural(numHidden, 'hidden passage was', 'hidden passages were');
  return [`${what} left out: readers of the document do not see ${numHidden === 1 ? 'it' : 'them'}.`];
}

/** Parts that are damaged, as a sentence. @param what parts in the plural, `chapters` */
export function damageNote(numDamaged: number, numAll: number, what: string): string[] {
  if (numDamaged === 0) return [];
  return [
    `${numDamaged} of ${numAll} ${what} ${numDamaged === 1 ? 'is' : 'are'} damaged or missing in the file.`,
  ];
}
