/** What was measured of a model's KV heads as a profile. */
import type { HeadProfile } from './head-profile';
import { electUnstableHeads } from './stability';

/** What a profile is made from. */
export interface ProfileSource extends Pick<
  HeadProfile,
  | 'modelId'
  | 'numLayers'
  | 'numKvHeads'
  | 'pagesPerHead'
  | 'window'
  | 'measuredOn'
  | 'overlapByOffset'
  | 'overlapSamples'
  | 'crossCheck'
> {
  /** `[chunks][layers · kvHeads]`, at least one chunk. */
  readonly stability: readonly (readonly number[])[];
}

/** The profile of what was measured, numbers rounded to four digits. */
export function makeHeadProfile({ stability, overlapByOffset, ...about }: ProfileSource): HeadProfile {
  const numHeads = about.numLayers * about.numKvHeads;
  const rounded = stability.map((chunk) => chunk.map(round));
  const mean = (head: number) => stability.reduce((sum, chunk) => sum + chunk[head]!, 0) / stability.length;
  return {
    version: 1,
    ...about,
    meanStability: Array.from({ length: numHeads }, (_, head) => round(mean(head))),
    unstable: electUnstableHeads(rounded, Math.round(numHeads / 4)),
    stability: rounded,
    overlapByOffset: overlapByOffset.map((overlap) => (overlap === null ? null : round(overlap))),
  };
}

const round = (value: number) => Math.round(1e4 * value) / 1e4;
