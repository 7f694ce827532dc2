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

/** Numbered parts that are left out, as a sentence with their numbers. */
export function leftOutNote(numbers: readonly number[], one: string, many: string): string[] {
  if (numbers.length === 0) return [];
  const what = plural(numbers.length, `${one} was`, `${many} were`);
  return [`${what} left out (${listNumbers(numbers)}).`];
}

/** Parts with names that are left out, as a sentence that names some. */
export function namesNote(names: readonly string[], one: string, many: string, most = 5): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, most).map((name) => `“${name}”`);
  const what = plural(names.length, `${one} was`, `${many} were`);
  return [`${what} left out: ${shown.join(', ')}${names.length > most ? ', …' : ''}.`];
}

/** So many things of a part that are left out, as a sentence. */
export function countNote(count: number, one: string, many: string, where: string): string[] {
  return count === 0 ? [] : [`${plural(count, `${one} was`, `${many} were`)} left out in “${where}”.`];
}

/** Passages that were deleted while changes were tracked. */
export function changesNote(numDeleted: number): string[] {
  if (numDeleted === 0) return [];
  const what = plural(numDeleted, 'deleted passage was', 'deleted passages were');
  return [`Tracked changes were taken as accepted: ${what} left out.`];
}

/** Files of other programs that stand in a document. */
export function embeddedNote(numEmbedded: number): string[] {
  if (numEmbedded === 0) return [];
  const what = plural(numEmbedded, 'embedded file or formula was', 'embedded files or formulas were');
  return [`${what} left out: open the document in its program to read ${numEmbedded === 1 ? 'it' : 'them'}.`];
}
