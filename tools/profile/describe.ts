/** A profile as text for a terminal: the map of TS by layer and head, overlaps by distance. Pure. */
import { electUnstableHeads, heaviestLosers } from '../../src/stability/stability';
import type { HeadProfile } from '../../src/stability/head-profile';

const shades = ['█', '▓', '▒', '░', ' '];

/** What the maps show of a profile. */
type Mapped = Pick<HeadProfile, 'numLayers' | 'numKvHeads' | 'meanStability' | 'meanMassLost' | 'unstable'>;

/** TS by layer and head, darker where less stable, and where it was measured mass lost, darker where more; `*` marks the unstable ones. */
export function drawHeatMap(profile: Mapped): string {
  const { meanStability, meanMassLost } = profile;
  const stability = drawMap(profile, meanStability, (ts) => ts);
  if (!meanMassLost) return stability;
  return `${drawMap(profile, meanMassLost, (lost) => 1 - lost)}\n\nTS, by overlap of sets:\n${stability}`;
}

function drawMap(
  { numLayers, numKvHeads, unstable }: Mapped,
  values: readonly number[],
  lightness: (value: number) => number,
): string {
  const cell = (head: number) => {
    const value = values[head]!;
    const shade = shades[Math.min(shades.length - 1, Math.floor(lightness(value) * shades.length))]!;
    return `${shade}${shade}${value.toFixed(2)}${unstable.includes(head) ? '*' : ' '}`;
  };
  const heads = Array.from({ length: numKvHeads }, (_, kvHead) => kvHead);
  const header = `layer ${heads.map((kvHead) => `  head ${kvHead}`.padEnd(8)).join('')}`;
  const rows = Array.from({ length: numLayers }, (_, layer) => {
    const cells = heads.map((kvHead) => cell(layer * numKvHeads + kvHead)).join(' ');
    return `${String(layer).padStart(5)} ${cells}`;
  });
  return [header.trimEnd(), ...rows.map((row) => row.trimEnd())].join('\n');
}

/** What was measured of one family of tasks, `[chunks][heads]`. */
export type FamilyChunks = Pick<HeadProfile, 'stability' | 'massLost'>;

/** What heads are called unstable by. */
type Classes = NonNullable<HeadProfile['classes']>;

/** Share of one family's unstable heads that are the other's too, 0 … 1; chance is `share`. */
export function unstableOverlap(
  a: FamilyChunks,
  b: FamilyChunks,
  share: number,
  {
    selecting = a.stability[0]!.map((_, head) => head),
    classes = 'mass-lost',
  }: { selecting?: readonly number[]; classes?: Classes } = {},
): number {
  const count = Math.round(share * selecting.length);
  if (count === 0) return 0;
  const ofSelecting = (chunks: readonly (readonly number[])[]) =>
    chunks.map((chunk) => selecting.map((head) => chunk[head]!));
  const unstableOf = ({ stability, massLost }: FamilyChunks) =>
    massLost && classes === 'mass-lost'
      ? heaviestLosers(ofSelecting(massLost)).slice(0, count)
      : electUnstableHeads(ofSelecting(stability), count);
  const other = new Set(unstableOf(b));
  return unstableOf(a).filter((head) => other.has(head)).length / count;
}

/** Overlaps of the unstable heads of each two families, in order. */
export function pairOverlaps(
  chunks: ReadonlyMap<string, FamilyChunks>,
  share: number,
  options: { selecting: readonly number[]; classes: Classes },
): { names: readonly [string, string]; overlap: number }[] {
  const families = [...chunks];
  return families.flatMap(([name, own], i) =>
    families.slice(i + 1).map(([otherName, other]) => ({
      names: [name, otherName] as const,
      overlap: unstableOverlap(own, other, share, options),
    })),
  );
}

/** How far families agree on their unstable heads, by the classes that were measured. */
export function describePairs(
  chunks: ReadonlyMap<string, FamilyChunks>,
  share: number,
  selecting: readonly number[],
): string {
  const hasMass = [...chunks.values()].every(({ massLost }) => massLost);
  const measured: readonly Classes[] = hasMass ? ['mass-lost', 'overlap'] : ['overlap'];
  return measured
    .map((classes) => {
      const pairs = pairOverlaps(chunks, share, { selecting, classes });
      const mean = pairs.reduce((sum, { overlap }) => sum + overlap, 0) / pairs.length;
      const each = pairs.map(({ names, overlap }) => `${names.join(' and ')} ${overlap.toFixed(2)}`);
      return (
        `Of the ${100 * share} % of heads that are unstable by ${classes === 'mass-lost' ? 'mass lost' : 'overlap'} in one, ` +
        `${mean.toFixed(2)} are so in the other (chance ${share}, in the paper 0.76 to 0.83): ${each.join(', ')}.`
      );
    })
    .join('\n');
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
