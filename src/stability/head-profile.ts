/** Which KV heads keep looking at the same pages, as measured for a model: the file format and the choice by share. */
import { HeadSet } from '../cache/head-set';
import { EngineError } from '../util/errors';
import { electUnstableHeads, heaviestLosers } from './stability';

/** Stability of a model's KV heads, as `npm run profile` measures it. */
export interface HeadProfile {
  readonly version: 1;
  /** What it was measured on: the fingerprint of a model's configuration and weights. */
  readonly modelId: string;
  readonly numLayers: number;
  readonly numKvHeads: number;
  /** Pages per head, and steps of a chunk, which is the interval of reranks that it speaks about. */
  readonly pagesPerHead: number;
  readonly window: number;
  /** How it was measured, in a sentence: texts, lengths, steps. */
  readonly measuredOn: string;
  /** `[layers · kvHeads]`, mean TS of every head. */
  readonly meanStability: readonly number[];
  /**
   * `[layers · kvHeads]`, means of `massLost`: softmax mass, 0 … 1, that a head loses by keeping to the pages that it chose a step to
   * `window - 1` steps before. Absent, as `massLost` is, where pages were not chosen by digests: bounds do not tell what a page weighs.
   */
  readonly meanMassLost?: readonly number[];
  /** What `unstable` is chosen by: the most mass lost, or, where that is absent, the least overlap of sets, which is the paper's way. */
  readonly classes?: 'mass-lost' | 'overlap';
  /** The unstable heads at a share of 25 %, as indices `layer · kvHeads + kvHead`, ascending. */
  readonly unstable: readonly number[];
  /** `[chunks][layers · kvHeads]`, TS of every head, layer by layer: the unstable heads at any share follow from it. */
  readonly stability: readonly (readonly number[])[];
  /** `[chunks][layers · kvHeads]`, mass lost by every head in the same chunks. */
  readonly massLost?: readonly (readonly number[])[];
  /**
   * `[layers · kvHeads]`, 0 … 1: share of its attention that each head gave, while answers were written, to what they were
   * taken from. Absent where nobody measured it.
   */
  readonly retrieval?: readonly number[];
  /** `[64]`: mean overlap over all heads at 1 … 64 steps' distance; null where no pair was measured. */
  readonly overlapByOffset: readonly (number | null)[];
  /** `[64]`: pairs of selections behind each of these means. Without it, a later measurement takes their place. */
  readonly overlapSamples?: readonly number[];
  /** What answers attend where nobody says: `'all'` of a model that loses too much by selecting, or gains too little. */
  readonly attention?: 'all' | 'selected';
  /** Share of the unstable heads of one text or family of tasks that are another's too, on the mean of all pairs; chance is `share`. */
  readonly crossCheck?: {
    readonly families: readonly string[];
    readonly share: number;
    readonly overlap: number;
  };
}

/** Heads count as retrieving from this part of the best one's score on: few do, and far more than the rest. */
const leastRetrieval = 0.1;

/**
 * The heads that a profile finds to retrieve, best first.
 * @param least which part of the best one's score is enough, 0 … 1
 */
export function retrievalHeads({ retrieval = [] }: HeadProfile, least = leastRetrieval): number[] {
  const enough = least * Math.max(...retrieval);
  return [...retrieval.keys()]
    .filter((head) => retrieval[head]! > 0 && retrieval[head]! >= enough)
    .sort((a, b) => retrieval[b]! - retrieval[a]! || a - b);
}

/** What heads are called unstable by: the mass that they lose by holding a set, where it is known, or the overlap of their sets. */
type HeadClasses = 'mass-lost' | 'overlap';

/** The heads of layers without a sliding window, as indices `layer · kvHeads + kvHead`: the others attend all of their window. */
export function selectingHeads(
  layers: readonly { readonly slidingWindow?: number | undefined }[],
  numKvHeads: number,
): number[] {
  const heads = Array.from({ length: layers.length * numKvHeads }, (_, head) => head);
  return heads.filter((head) => layers[Math.floor(head / numKvHeads)]!.slidingWindow === undefined);
}

/**
 * The `share` (0 … 1) of the `selecting` heads that keep all pages: those `wanted` before others, then those that lose most mass, or the
 * least stable ones.
 */
export function unstableHeads(
  profile: HeadProfile,
  share: number,
  {
    selecting = profile.meanStability.map((_, head) => head),
    wanted = [],
    classes = 'overlap',
  }: { selecting?: readonly number[]; wanted?: readonly number[]; classes?: HeadClasses } = {},
): HeadSet {
  const { numLayers, numKvHeads, stability, massLost } = profile;
  const numUnstable = Math.round(share * selecting.length);
  if (massLost && classes === 'mass-lost') {
    const isFree = (head: number) => selecting.includes(head) && !wanted.includes(head);
    const others = heaviestLosers(massLost).filter(isFree);
    return new HeadSet(numLayers, numKvHeads, [...wanted, ...others].slice(0, numUnstable));
  }
  const first = new Set(wanted.slice(0, numUnstable));
  // Below every stability that there is: elected in all chunks; above it: in none.
  const rankOf = (ts: number, head: number) => (first.has(head) ? -1 : selecting.includes(head) ? ts : 2);
  const ranked = stability.map((chunk) => chunk.map(rankOf));
  return new HeadSet(numLayers, numKvHeads, electUnstableHeads(ranked, numUnstable));
}

/**
 * Without a profile: the same share of the `selecting` heads in every layer, its first ones; what is no whole head goes on to the next
 * layer.
 */
export function unstableHeadsUnmeasured(
  numLayers: number,
  numKvHeads: number,
  share: number,
  selecting: readonly number[],
): HeadSet {
  const numUpTo = (layer: number) => Math.round(layer * numKvHeads * share);
  const heads = selecting.filter((head, i) => {
    const layer = Math.floor(i / numKvHeads);
    return head % numKvHeads < numUpTo(layer + 1) - numUpTo(layer);
  });
  return new HeadSet(numLayers, numKvHeads, heads);
}

/**
 * Checks a profile from a file against the model that it is meant for.
 * @throws EngineError `model-unsupported` when it is for another shape, or its values are none in [0, 1]
 */
export function parseHeadProfile(value: unknown, numLayers: number, numKvHeads: number): HeadProfile {
  const profile = value as HeadProfile | null;
  const numHeads = numLayers * numKvHeads;
  const isRow = (row: unknown) =>
    Array.isArray(row) && row.length === numHeads && row.every((ts) => ts >= 0 && ts <= 1);
  const isCounted = ({ overlapByOffset, overlapSamples }: HeadProfile) =>
    overlapSamples === undefined ||
    (Array.isArray(overlapSamples) &&
      overlapSamples.every((count) => count >= 0) &&
      Array.isArray(overlapByOffset) &&
      overlapByOffset.every((overlap) => overlap === null || (overlap >= 0 && overlap <= 1)));
  const isFitting =
    profile?.version === 1 &&
    profile.numLayers === numLayers &&
    profile.numKvHeads === numKvHeads &&
    Array.isArray(profile.stability) &&
    profile.stability.length > 0 &&
    profile.stability.every(isRow) &&
    (profile.massLost === undefined ||
      (Array.isArray(profile.massLost) &&
        profile.massLost.length === profile.stability.length &&
        profile.massLost.every(isRow))) &&
    (profile.retrieval === undefined || isRow(profile.retrieval)) &&
    isCounted(profile);
  if (!isFitting) {
    throw new EngineError(
      'model-unsupported',
      `The head profile is none for ${numLayers} layers of ${numKvHeads} KV heads.`,
    );
  }
  return profile;
}
