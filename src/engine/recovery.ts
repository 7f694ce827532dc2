/** What outlives a lost device, and how often another one is asked for. */
import type { PageId } from '../cache/page';
import { pageTokens } from '../cache/page';
import type { HostStore } from '../offload/host-store';
import { EngineError } from '../util/errors';
import type { Sequence } from '../runner/sequence';

/** How far a recovery from a lost device is; `failed` brings the error that all requests end with. */
export interface RecoveryEvent {
  readonly phase: 'lost' | 'recovering' | 'recovered' | 'failed';
  readonly error?: EngineError;
}

/** Waits before each attempt at another device: the browser needs a moment to start its GPU process again. */
export const recoveryDelaysMs: readonly number[] = [0, 250, 1000, 3000];

/** A sequence as it can be brought back: whole pages, all of them on the host. */
export interface SavedSequence {
  readonly tokens: readonly number[];
  readonly origin: string | undefined;
  readonly ids: readonly PageId[];
}

/**
 * The beginnings of `sequences` that the host has in full, in the order of their last use, so that those are evicted first that
 * would have been, and no more tokens of each than `mostTokens`. Sequences that share pages share them again.
 */
export function savedSequences(
  sequences: readonly Sequence[],
  pagesOf: (index: number) => readonly PageId[],
  store: HostStore,
  mostTokens: (sequence: Sequence) => number,
): SavedSequence[] {
  const { numLayers, numKvHeads } = store.shape;
  const isStored = (id: PageId) => {
    for (let layer = 0; layer < numLayers; layer++) {
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) if (!store.has(layer, kvHead, id)) return false;
    }
    return true;
  };
  return [...sequences]
    .sort((a, b) => a.lastUsed - b.lastUsed)
    .map((sequence): SavedSequence => {
      const { index, tokens, origin, numStored } = sequence;
      const numFull = Math.floor(Math.min(numStored, tokens.length, mostTokens(sequence)) / pageTokens);
      const pages = pagesOf(index).slice(0, numFull);
      const end = pages.findIndex((id) => !isStored(id));
      const ids = end < 0 ? pages : pages.slice(0, end);
      return { tokens: tokens.slice(0, ids.length * pageTokens), origin, ids };
    })
    .filter(({ ids }) => ids.length > 0);
}

/** The error of a device that is lost for good. */
export function unrecoveredError(cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EngineError(
    'device-lost',
    `The GPU device was lost and could not be had again: ${reason} Reload the page; if that does not help, restart the browser.`,
    { cause },
  );
}
