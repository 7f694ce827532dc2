/** From the mass of pages to passages of the text that an answer came from: pure. */
import { pagesFor, pageTokens } from '../cache/page';
import type { ModelConfig } from '../config/model-config';
import { retrievalHeads, type HeadProfile } from '../stability/head-profile';
import type { TextPart } from './joined-texts';
import { locationOf, type DocumentPlace } from './places';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { charOffsets } from '../tokenizer/char-offsets';
import type { SourcePassage, Sources, SourcesRequest } from '../loop/generation';

/** The part of a prompt that answers come from. */
export interface Subject {
  /** The prompt's first `numTokens` ids encode `prefix`, all of it or its beginning; undefined where nobody knows their text. */
  readonly numTokens: number;
  readonly prefix: string | undefined;
  /** Where in `prefix` the text itself begins, in UTF-16 units. */
  readonly textStart: number;
  /** Where the text stands, in ascending order; absent where nobody said. */
  readonly places?: readonly DocumentPlace[];
  /** The documents that the text is joined of, in order, as characters of the text; absent where it is one. */
  readonly parts?: readonly TextPart[];
}

/** A prompt as token ids. */
export interface EncodedPrompt {
  readonly ids: readonly number[];
  /** The imported document whose pages the prompt begins with, as `LoopRequest.origin`. */
  readonly origin?: string | undefined;
  /** Undefined where there is none, or nobody asked for its passages. */
  readonly subject: Subject | undefined;
}

/** Tokens `[startToken, endToken)` of the prompt, their share of the attention, and which of the texts they are of. */
type MassRun = Pick<SourcePassage, 'startToken' | 'endToken' | 'mass'> & { readonly textIndex: number };

/** Tokens `[firstToken, endToken)` of a prompt that are the text, or one of the texts. */
interface TextTokens {
  readonly firstToken: number;
  readonly endToken: number;
}

/** Whose mass tells sources: of the heads that retrieve the better ones, from this part of the best score on. */
const leastRetrieval = 0.25;

/** The heads to use: those that the profile finds to retrieve well, else all heads of the middle half of the layers. */
export function chooseSourceHeads(
  { numLayers, numKvHeads }: Pick<ModelConfig, 'numLayers' | 'numKvHeads'>,
  profile: HeadProfile | undefined,
): { readonly heads: readonly number[]; readonly isCalibrated: boolean } {
  const found = profile ? retrievalHeads(profile, leastRetrieval) : [];
  if (found.length > 0) return { heads: found, isCalibrated: true };
  const first = Math.floor(numLayers / 4);
  const end = Math.max(first + 1, Math.ceil((3 * numLayers) / 4));
  const heads = Array.from({ length: (end - first) * numKvHeads }, (_, i) => first * numKvHeads + i);
  return { heads, isCalibrated: false };
}

/** The model that is asked. */
interface AskedModel {
  readonly config: Pick<ModelConfig, 'numLayers' | 'numKvHeads'>;
  readonly tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>;
}

/** What is to be measured for a request's sources, and what they will say of themselves. */
export function wishForSources(
  { ids, subject }: EncodedPrompt,
  wanted: SourcesRequest,
  { config, tokenizer }: AskedModel,
  profile: HeadProfile | undefined,
) {
  const { heads, isCalibrated } = chooseSourceHeads(config, profile);
  const { firstToken, endToken } = subject
    ? textTokens(subject, ids, tokenizer)
    : { firstToken: 0, endToken: 0 };
  return { masses: { heads, firstCounted: firstToken, endCounted: endToken }, isCalibrated, ...wanted };
}

/** A request's sources from the masses that were measured as it wished. */
export function sourcesOf(
  { ids, subject }: EncodedPrompt,
  pageMasses: Float32Array,
  { isCalibrated, numPassages }: { readonly isCalibrated: boolean; readonly numPassages: number },
  tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>,
): Sources {
  const passages = subject ? placePassages(pageMasses, { subject, ids }, tokenizer, numPassages) : [];
  return { isCalibrated, passages, pageMasses };
}

/** A page goes with a passage whose best page has at most so many times its mass. */
const leastOfBest = 0.25;

/**
 * The passages with the most mass, most first: runs of neighbouring pages of one text. Of every page its even share is taken
 * off; what is left must be a quarter of the best page's at least.
 * @param masses `[pages]` of prompt and answer, of which the texts' tokens count; empty where nothing was measured
 * @param texts the text, or all of several, in order; a page on a border counts for that one which has most of it
 */
export function findPassages(
  masses: ArrayLike<number>,
  texts: readonly TextTokens[],
  numPassages: number,
): MassRun[] {
  const endOfAll = texts.at(-1)?.endToken ?? 0;
  const numPages = Math.min(pagesFor(endOfAll), masses.length);
  const spans = Array.from({ length: numPages }, (_, page) => longestSpan(page, texts));
  const excess = spans.map(({ numTokens }, page) =>
    // What stands between texts is no source.
    numTokens === 0 ? 0 : masses[page]! - numTokens / (pageTokens * masses.length),
  );
  const best = Math.max(...excess, 0);
  const runs: MassRun[] = [];
  for (const [page, value] of excess.entries()) {
    if (value <= 0 || value < leastOfBest * best) continue;
    const { startToken, endToken, textIndex } = spans[page]!;
    const last = runs.at(-1);
    if (last?.endToken === startToken && last.textIndex === textIndex)
      runs[runs.length - 1] = { ...last, endToken, mass: last.mass + value };
    else runs.push({ startToken, endToken, mass: value, textIndex });
  }
  return runs.sort((a, b) => b.mass - a.mass).slice(0, numPassages);
}

/** The tokens of a page that are of one text: of that one which has most of them. */
function longestSpan(page: number, texts: readonly TextTokens[]) {
  let longest = { startToken: 0, endToken: 0, numTokens: 0, textIndex: 0 };
  for (const [textIndex, text] of texts.entries()) {
    const startToken = Math.max(page * pageTokens, text.firstToken);
    const endToken = Math.min((page + 1) * pageTokens, text.endToken);
    const numTokens = endToken - startToken;
    if (numTokens > longest.numTokens) longest = { startToken, endToken, numTokens, textIndex };
  }
  return longest;
}

/**
 * Which tokens of a prompt are its text. What stands before is the template's, and its first token draws attention whatever is
 * asked; of ids that nobody knows the text of, only that one is left out.
 */
function textTokens(
  { numTokens: endToken, prefix, textStart }: Subject,
  ids: readonly number[],
  tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>,
): TextTokens {
  if (prefix === undefined) return { firstToken: Math.min(1, endToken - 1), endToken };
  // No more tokens than characters stand before the text, and one that is added.
  const offsets = charOffsets(tokenizer, ids.slice(0, Math.min(endToken, textStart + 2)), prefix);
  const firstToken = offsets.findIndex((_, i) => offsets[i + 1]! > textStart);
  return { firstToken: Math.max(0, firstToken), endToken };
}

/** `findPassages` in a prompt `ids`, with their characters where those are known: of the document that they are of. */
export function placePassages(
  masses: ArrayLike<number>,
  { subject, ids }: { readonly subject: Subject; readonly ids: readonly number[] },
  tokenizer: Pick<Tokenizer, 'decoder' | 'isSpecial'>,
  numPassages: number,
): SourcePassage[] {
  const { numTokens, prefix, textStart, places, parts } = subject;
  if (prefix === undefined) {
    const runs = findPassages(masses, [textTokens(subject, ids, tokenizer)], numPassages);
    return runs.map(({ textIndex: _, ...run }) => run);
  }
  const offsets = charOffsets(tokenizer, ids.slice(0, numTokens), prefix);
  const whole = { startChar: 0, endChar: prefix.length - textStart, places };
  const texts = (parts ?? [whole]).map(({ startChar, endChar, ...named }) => {
    const [start, end] = [textStart + startChar, textStart + endChar];
    return { ...named, start, end, ...tokensBetween(offsets, start, end) };
  });
  return findPassages(masses, texts, numPassages).map(({ textIndex, ...run }) => {
    const text = texts[textIndex]!;
    const [from, to] = [
      Math.max(offsets[run.startToken]!, text.start),
      Math.min(offsets[run.endToken]!, text.end),
    ];
    const [startChar, endChar] = [from - text.start, to - text.start];
    const location = locationOf(text.places ?? [], startChar, endChar);
    return {
      ...run,
      ...('id' in text && { documentId: text.id, documentTitle: text.title }),
      startChar,
      endChar,
      text: prefix.slice(from, to),
      ...(location !== undefined && { location }),
    };
  });
}

/** The tokens that have characters of `[start, end)`. */
function tokensBetween(offsets: Uint32Array, start: number, end: number): TextTokens {
  const numTokens = offsets.length - 1;
  let firstToken = 0;
  while (firstToken < numTokens && offsets[firstToken + 1]! <= start) firstToken++;
  let endToken = firstToken;
  while (endToken < numTokens && offsets[endToken]! < end) endToken++;
  return { firstToken, endToken };
}
