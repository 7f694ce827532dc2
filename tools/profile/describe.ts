/** A profile as text for a terminal: the map of TS by layer and head, overlaps by distance. Pure. */
import { electUnstableHeads } from '../../src/stability/stability';
import type { HeadProfile } from '../../src/stability/head-profile';

const shades = ['█', '▓', '▒', '░', ' '];

/** TS by layer and head, darker where less stable; `*` marks the unstable ones at 25 %. */
export function drawHeatMap({
  numLayers,
  numKvHeads,
  meanStability,
  unstable,
}: Pick<HeadProfile, 'numLayers' | 'numKvHeads' | 'meanStability' | 'unstable'>): string {
  const cell = (head: number) => {
    const ts = meanStability[head]!;
    const shade = shades[Math.min(shades.length - 1, Math.floor(ts * shades.length))]!;
    return `${shade}${shade}${ts.toFixed(2)}${unstable.includes(head) ? '*' : ' '}`;
  };
  const heads = Array.from({ length: numKvHeads }, (_, kvHead) => kvHead);
  const header = `layer ${heads.map((kvHead) => `  head ${kvHead}`.padEnd(8)).join('')}`;
  const rows = Array.from({ length: numLayers }, (_, layer) => {
    const cells = heads.map((kvHead) => cell(layer * numKvHeads + kvHead)).join(' ');
    return `${String(layer).padStart(5)} ${cells}`;
  });
  return [header.trimEnd(), ...rows.map((row) => row.trimEnd())].join('\n');
}

/** Share of one family's unstable heads that are the other's too, 0 … 1; chance is `share`. */
export function unstableOverlap(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[],
  share: number,
): number {
  const count = Math.round(share * a[0]!.length);
  if (count === 0) return 0;
  const other = new Set(electUnstableHeads(b, count));
  return electUnstableHeads(a, count).filter((head) => other.has(head)).length / count;
}

/** Mean overlap at some distances, and how many heads are what one would call unstable. */
export function describeOverlaps({ overlapByOffset, meanStability }: HeadProfile): string {
  const shown = [1, 2, 4, 8, 15, 16, 32, 64].flatMap((offset) => {
    const overlap = overlapByOffset[offset - 1];
    return overlap === null || overlap === undefined ? [] : [`${offset}: ${overlap.toFixed(2)}`];
  });
  const numLow = meanStability.filter((ts) => ts < 0.5).length;
  return (
    `Mean overlap (RCO) at a distance of steps: ${shown.join(', ')}.\n` +
    `${numLow} of ${meanStability.length} heads have a TS below 0.5.`
  );
}
