/** What was measured of a model's KV heads as a profile. */
import type { HeadProfile } from './head-profile';
import { electUnstableHeads, heaviestLosers } from './stability';

/** What a profile is made from. */
interface ProfileSource extends Pick<
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
  /** The same of the mass lost, where it was measured. */
  readonly massLost?: readonly (readonly number[])[] | undefined;
  /** Heads that select at all, as indices `layer · kvHeads + kvHead`; left out, all do. */
  readonly selecting?: readonly number[];
}

/** The profile of what was measured, numbers rounded to four digits. */
export function makeHeadProfile({
  stability,
  massLost,
  overlapByOffset,
  selecting,
  ...about
}: ProfileSource): HeadProfile {
  const numHeads = about.numLayers * about.numKvHeads;
  const rounded = stability.map((chunk) => chunk.map(round));
  const lost = massLost?.map((chunk) => chunk.map(round));
  const numUnstable = Math.round((selecting?.length ?? numHeads) / 4);
  return {
    version: 1,
    ...about,
    meanStability: meansOf(stability, numHeads),
    ...(massLost && { meanMassLost: meansOf(massLost, numHeads) }),
    classes: lost ? 'mass-lost' : 'overlap',
    unstable: lost
      ? heaviestLosers(lost)
          .filter((head) => selecting?.includes(head) ?? true)
          .slice(0, numUnstable)
          .sort((a, b) => a - b)
      : electUnstableHeads(rounded, numUnstable),
    stability: rounded,
    ...(lost && { massLost: lost }),
    overlapByOffset: overlapByOffset.map((overlap) => (overlap === null ? null : round(overlap))),
  };
}

function meansOf(chunks: readonly (readonly number[])[], numHeads: number): number[] {
  return Array.from({ length: numHeads }, (_, head) =>
    round(chunks.reduce((sum, chunk) => sum + chunk[head]!, 0) / chunks.length),
  );
}

const round = (value: number) => Math.round(1e4 * value) / 1e4;
