/** Where in a document a character stands, as a reader would say it: pages, chapters, headings. Pure. */

/** From `startChar` on, up to the next place, the text stands here. */
export interface DocumentPlace {
  /** In UTF-16 units of the document's text. */
  readonly startChar: number;
  /** What a reader calls it: `p. 37`, `ch. 4 · The harbour`. */
  readonly label: string;
}

/** What a document says of itself beside its text; whoever adds it knows. */
export interface DocumentDetails {
  /** In ascending order of `startChar`; text before the first stands nowhere in particular. */
  readonly places?: readonly DocumentPlace[] | undefined;
  /** What was lost, doubtful or left out when the text was made, as sentences. */
  readonly notes?: readonly string[] | undefined;
}

/** Bounds of what is kept: beyond them a manifest would be longer than the text that it is about. */
export const mostDetails = { places: 50_000, labelChars: 200, notes: 200, noteChars: 2000 };

/**
 * Details without what nobody gave, to be kept.
 * @throws TypeError for what are no places or notes; RangeError for too many or too long ones, or places out of order
 */
export function checkDetails({ places, notes }: DocumentDetails): DocumentDetails {
  return {
    ...(places !== undefined && { places: checkPlaces(places) }),
    ...(notes !== undefined && { notes: checkNotes(notes) }),
  };
}

function checkPlaces(places: unknown): readonly DocumentPlace[] {
  if (!Array.isArray(places)) throw new TypeError('The places of a document must be a list.');
  if (places.length > mostDetails.places)
    throw new RangeError(`A document has at most ${mostDetails.places} places, not ${places.length}.`);
  let before = -1;
  return places.map((place: unknown) => {
    const { startChar, label } = (place ?? {}) as Record<string, unknown>;
    if (typeof startChar !== 'number' || !Number.isSafeInteger(startChar) || typeof label !== 'string')
      throw new TypeError('A place is a whole number, startChar, and a string, label.');
    if (startChar <= before) throw new RangeError('The places of a document must be in ascending order.');
    if (label === '' || label.length > mostDetails.labelChars)
      throw new RangeError(`The label of a place has 1 to ${mostDetails.labelChars} characters.`);
    before = startChar;
    return { startChar, label };
  });
}

function checkNotes(notes: unknown): readonly string[] {
  if (!Array.isArray(notes) || notes.some((note) => typeof note !== 'string'))
    throw new TypeError('The notes of a document must be a list of strings.');
  if (notes.length > mostDetails.notes)
    throw new RangeError(`A document has at most ${mostDetails.notes} notes, not ${notes.length}.`);
  const sentences = notes as string[];
  if (sentences.some((note) => note.length > mostDetails.noteChars))
    throw new RangeError(`A note has at most ${mostDetails.noteChars} characters.`);
  return [...sentences];
}

/** The label of the place in which most of the characters `[startChar, endChar)` stand; undefined where that is nowhere. */
export function locationOf(
  places: readonly DocumentPlace[],
  startChar: number,
  endChar: number,
): string | undefined {
  let best: { readonly label: string; readonly length: number } | undefined;
  for (let i = indexAt(places, startChar); i < places.length; i++) {
    if (i < 0) continue;
    const { startChar: from, label } = places[i]!;
    if (from >= endChar) break;
    const length = Math.min(endChar, places[i + 1]?.startChar ?? Infinity) - Math.max(from, startChar);
    if (!best || length > best.length) best = { label, length };
  }
  return best?.label;
}

/** Index of the last place that begins at or before a character; -1 before the first. */
function indexAt(places: readonly DocumentPlace[], char: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]!.startChar <= char) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
