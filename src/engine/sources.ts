/** From the mass of pages to passages of the text that an answer came from: pure. */
import { pagesFor, pageTokens } from '../cache/page';
import type { ModelConfig } from '../model/model-config';
import { retrievalHeads, type HeadProfile } from '../select/head-profile';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { charOffsets } from '../tokenizer/char-offsets';
import type { SourcePassage } from './generation';

/** The part of a prompt that answers come from. */
export interface Subject {
  /** The prompt's first `numTokens` ids encode `prefix`, all of it or its beginning; undefined where nobody knows their text. */
  readonly numTokens: number;
  readonly prefix: string | undefined;
  /** Where in `prefix` the text itself begins, in UTF-16 units. */
  readonly textStart: number;
}

/** A prompt as token ids. */
export interface EncodedPrompt {
  readonly ids: readonly number[];
  /** Undefined where there is none, or nobody asked for its passages. */
  readonly subject: Subject | undefined;
}

/** Tokens `[startToken, endToken)` of the prompt and their share of the attention. */
export type MassRun = Pick<SourcePassage, 'startToken' | 'endToken' | 'mass'>;

/** What is looked for in masses. */
export interface SourceSearch {
  /** Whether the heads are known to retrieve: others draw on the first token, whatever is asked, so page 0 says nothing. */
  readonly isCalibrated: boolean;
  readonly numPassages: number;
}

/** The same in the tokens of a text. */
export interface MassSearch extends SourceSearch {
  /** Tokens of the text in the prompt, `[first, end)`. */
  readonly firstToken: number;
  readonly endToken: number;
}

/** The heads to go by: those that the profile finds to retrieve, else all heads of the middle half of the layers. */
export function chooseSourceHeads(
  { numLayers, numKvHeads }: Pick<ModelConfig, 'numLayers' | 'numKvHeads'>,
  profile: HeadProfile | undefined,
): { readonly heads: readonly number[]; readonly isCalibrated: boolean } {
  const found = profile ? retrievalHeads(profile) : [];
  if (found.length > 0) return { heads: found, isCalibrated: true };
  const first = Math.floor(numLayers / 4);
  const end = Math.max(first + 1, Math.ceil((3 * numLayers) / 4));
  const heads = Array.from({ length: (end - first) * numKvHeads }, (_, i) => first * numKvHeads + i);
  return { heads, isCalibrated: false };
}

/** A page goes with a passage whose best page has at most so many times its mass. */
const leastOfBest = 0.25;

/**
 * The passages with the most mass, most first: runs of neighbouring pages of the text. Of every page its uniform share is taken
 * off; what is left must be a quarter of the best page's at least. Pages that the text has less than half of belong to the
 * template or the question.
 * @param masses `[pages]`, summing to 1; empty where nothing was measured
 */
export function findPassages(masses: ArrayLike<number>, search: MassSearch): MassRun[] {
  const { firstToken, endToken, isCalibrated, numPassages } = search;
  const spanOf = (page: number) =>
    [Math.max(page * pageTokens, firstToken), Math.min((page + 1) * pageTokens, endToken)] as const;
  const numTextPages = pagesFor(endToken);
  const uniform = 1 / Math.max(masses.length, 1);
  const excess = Array.from({ length: Math.min(numTextPages, masses.length) }, (_, page) => {
    const [start, end] = spanOf(page);
    const isSmall = end - start < Math.min(pageTokens, endToken - firstToken) / 2;
    return isSmall || (page === 0 && !isCalibrated) ? 0 : masses[page]! - uniform;
  });
  const best = Math.max(...excess, 0);
  const runs: MassRun[] = [];
  for (const [page, value] of excess.entries()) {
    if (value <= 0 || value < leastOfBest * best) continue;
    const [startToken, endToken] = spanOf(page);
    const last = runs.at(-1);
    if (last?.endToken === startToken) runs[runs.length - 1] = { ...last, endToken, mass: last.mass + value };
    else runs.push({ startToken, endToken, mass: value });
  }
  return runs.sort((a, b) => b.mass - a.mass).slice(0, numPassages);
}

/** `findPassages` in the text of a prompt `ids`, with their characters. */
export function placePassages(
  masses: ArrayLike<number>,
  { numTokens, prefix, textStart }: Subject,
  ids: readonly number[],
  tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>,
  search: SourceSearch,
): SourcePassage[] {
  if (prefix === undefined) return findPassages(masses, { ...search, firstToken: 0, endToken: numTokens });
  const offsets = charOffsets(tokenizer, ids.slice(0, numTokens), prefix);
  const firstToken = Math.max(
    0,
    offsets.findIndex((_, i) => offsets[i + 1]! > textStart),
  );
  return findPassages(masses, { ...search, firstToken, endToken: numTokens }).map((run) => {
    const [from, to] = [Math.max(offsets[run.startToken]!, textStart), offsets[run.endToken]!];
    return { ...run, startChar: from - textStart, endChar: to - textStart, text: prefix.slice(from, to) };
  });
}
