/** How much a head's selected pages change: random-corrected overlap and temporal stability (FlexiCache, arXiv 2511.00868). */
import { assert } from '../util/assert';
import type { PageIndex } from '../cache/page';

/** Number of pages that two ascending lists share. */
export function countShared(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const difference = a[i]! - b[j]!;
    if (difference === 0) shared++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return shared;
}

/**
 * Random-corrected overlap of two selections out of `numPages` pages, `budget` in the earlier one and `numShared` in both, in
 * [0, 1]: 0 = what chance gives, 1 = the same set. `RCO = max(0, (|S ∩ T| / K − K/N) / (1 − K/N))` with K = `budget`, N =
 * `numPages`. With K = N there is nothing to choose, and the overlap is 1.
 */
export function correctedOverlap(numShared: number, budget: number, numPages: number): number {
  if (budget === numPages) return 1;
  const chance = budget / numPages;
  return Math.max(0, (numShared / budget - chance) / (1 - chance));
}

/** `correctedOverlap` of two ascending selections. */
export function randomCorrectedOverlap(
  earlier: ArrayLike<PageIndex>,
  later: ArrayLike<PageIndex>,
  numPages: number,
): number {
  const budget = earlier.length;
  assert(budget > 0 && budget <= numPages, `a selection of ${budget} of ${numPages} pages`);
  return correctedOverlap(countShared(earlier, later), budget, numPages);
}

/** Selections of one head at consecutive steps, with the number of pages that there were. */
export interface SelectionStep {
  /** Ascending. */
  readonly selected: ArrayLike<PageIndex>;
  readonly numPages: number;
}

/** Distances in steps up to which overlaps are gathered. */
export const maxOffset = 64;

/**
 * The unstable heads by vote: in each chunk the `numUnstable` heads with the lowest TS get a vote; those with the most votes
 * are unstable, ties to the lower mean TS, then to the lower index.
 * @param stability `[chunks][heads]` TS
 * @returns ascending head indices
 */
export function electUnstableHeads(stability: readonly (readonly number[])[], numUnstable: number): number[] {
  const numHeads = stability[0]?.length ?? 0;
  const votes = new Array<number>(numHeads).fill(0);
  const means = new Array<number>(numHeads).fill(0);
  for (const chunk of stability) {
    const ranked = chunk.map((_, head) => head).sort((a, b) => chunk[a]! - chunk[b]! || a - b);
    for (const head of ranked.slice(0, numUnstable)) votes[head]!++;
    chunk.forEach((value, head) => (means[head]! += value / stability.length));
  }
  const elected = votes.map((_, head) => head);
  elected.sort((a, b) => votes[b]! - votes[a]! || means[a]! - means[b]! || a - b);
  return elected.slice(0, numUnstable).sort((a, b) => a - b);
}

/** All heads, those first that lose most mass on the mean, ties to the lower index. @param massLost `[chunks][heads]` */
export function heaviestLosers(massLost: readonly (readonly number[])[]): number[] {
  const sums = (massLost[0] ?? []).map((_, head) => massLost.reduce((sum, chunk) => sum + chunk[head]!, 0));
  return [...sums.keys()].sort((a, b) => sums[b]! - sums[a]! || a - b);
}
