/** What an import must hold to be believed: its ids, its text, and which of its pages are computed anew. Pure. */

/** What an import says. */
interface ImportedContents {
  readonly ids: readonly number[];
  readonly text: string;
  /** What its template wrote before the text. */
  readonly head: string;
}

/** What this engine makes of the same text. */
interface OwnContents {
  readonly ids: readonly number[];
  /** What the engine's template writes: head and text. */
  readonly prefix: string;
  readonly vocabSize: number;
}

/** Why the contents of an import are not those that its text gives, as a clause; undefined when they are. */
export function explainBadContents(imported: ImportedContents, own: OwnContents): string | undefined {
  const unknown = imported.ids.find((id) => id >= own.vocabSize);
  if (unknown !== undefined) return `it has the token ${unknown}, which the model does not know`;
  if (imported.head + imported.text !== own.prefix)
    return "what it begins with is not what the model's chat template writes";
  const at = own.ids.findIndex((id, i) => id !== imported.ids[i]);
  if (at >= 0 || own.ids.length !== imported.ids.length)
    return `its tokens are not those of its text, from token ${at < 0 ? own.ids.length : at} on`;
  return undefined;
}

/** Pages of an import that are computed anew before it is attended. */
export const numSampledPages = 4;

/**
 * Which of `numPages` are computed anew: the last one always, since it attends all others, then random ones; no page twice, the
 * last ones first. One altered page of N is among them with the odds 4 : N; more of them, sooner.
 * @param random uniform in [0, 1): nobody who makes a file must be able to tell
 */
export function samplePages(numPages: number, random: () => number): number[] {
  const pages = new Set<number>(numPages > 0 ? [numPages - 1] : []);
  while (pages.size < Math.min(numPages, numSampledPages)) pages.add(Math.floor(random() * numPages));
  return [...pages].sort((a, b) => b - a);
}
