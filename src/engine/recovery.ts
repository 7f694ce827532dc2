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
 * The beginnings of `sequences` that the host has in full, the longest first. A page belongs to one of them: what shared it
 * shares it again when its request goes on.
 */
export function savedSequences(
  sequences: readonly Sequence[],
  pagesOf: (index: number) => readonly PageId[],
  store: HostStore,
): SavedSequence[] {
  const { numLayers, numKvHeads } = store.shape;
  const isStored = (id: PageId) => {
    for (let layer = 0; layer < numLayers; layer++) {
      for (let kvHead = 0; kvHead < numKvHeads; kvHead++) if (!store.has(layer, kvHead, id)) return false;
    }
    return true;
  };
  const saved = sequences.map(({ index, tokens, origin, numStored }): SavedSequence => {
    const numFull = Math.floor(Math.min(numStored, tokens.length) / pageTokens);
    const pages = pagesOf(index).slice(0, numFull);
    const end = pages.findIndex((id) => !isStored(id));
    const ids = end < 0 ? pages : pages.slice(0, end);
    return { tokens: tokens.slice(0, ids.length * pageTokens), origin, ids };
  });
  const taken = new Set<PageId>();
  return saved
    .sort((a, b) => b.ids.length - a.ids.length)
    .filter(({ ids }) => {
      if (ids.length === 0 || ids.some((id) => taken.has(id))) return false;
      for (const id of ids) taken.add(id);
      return true;
    });
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
