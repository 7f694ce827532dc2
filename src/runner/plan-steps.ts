/**
 * What gives way before the context does, where the limit has no room for all: options that nobody set, the least missed first. Pure.
 */
import type { KvOptions } from './kv-options';
import { resolveKv, wantsAll } from './resolve-kv';

/** An option that is other than it was to be, so that the context fits; `contextTokens` itself comes last. */
export interface GivenWay {
  readonly option: 'format' | 'unstableShare' | 'pagesPerHead' | 'numSequences' | 'contextTokens';
  readonly wanted: string | number;
  readonly inForce: string | number;
}

/**
 * First what costs time, then what may cost answers. Sets of stable heads are reserved for each sequence, so of four conversations two
 * go first: whoever goes back to the third waits while it is read anew. Pages of 8 bits halve all of the cache and change answers
 * least. The last of the other conversations frees as much as half of the pages a head would, and changes no answer. Half the share
 * of heads that keep all their pages comes before half the pages that all heads attend: that is what long answers miss most.
 */
const steps: readonly Partial<
  Pick<KvOptions, 'format' | 'unstableShare' | 'pagesPerHead' | 'numSequences'>
>[] = [
  { numSequences: 2 },
  { format: 'int8' },
  { numSequences: 1 },
  { unstableShare: 0.125 },
  { pagesPerHead: 32 },
];

/**
 * The options to try one after another, each with one step more than the last; first as they are given. What is given never changes.
 * A caller who wants exact answers gets pages as they are.
 */
export function planSteps(kv: KvOptions): readonly KvOptions[] {
  const tried = [kv];
  for (const step of steps) {
    const [option] = Object.keys(step) as [keyof KvOptions];
    const isGiven = kv[option] !== undefined || (option === 'format' && kv.hostFormat === 'same');
    const isExact = wantsAll(kv) && option !== 'numSequences';
    if (!isGiven && !isExact) tried.push({ ...tried.at(-1), ...step });
  }
  return tried;
}

/** What a step changes of the options given. */
export function givenWay(kv: KvOptions, step: KvOptions): GivenWay[] {
  return (['numSequences', 'format', 'unstableShare', 'pagesPerHead'] as const).flatMap((option) => {
    const [wanted, inForce] = [resolveKv(kv)[option], resolveKv(step)[option]];
    return inForce === wanted ? [] : [{ option, wanted, inForce }];
  });
}

/** The options that gave way, as they are in force: with them set, a plan of the same context is the same. */
export function optionsInForce(gaveWay: readonly GivenWay[]): KvOptions {
  return Object.fromEntries(
    gaveWay
      .filter(({ option }) => option !== 'contextTokens')
      .map(({ option, inForce }) => [option, inForce]),
  );
}
