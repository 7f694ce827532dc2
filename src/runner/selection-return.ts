/** What all heads of a sequence have selected, on its way back with a step. */
import type { listTargets } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import type { StepReturn } from './step-rider';

/** Returns the lists of one target, `[layers, kvHeads, K]` words: `listTargets` says which there are. */
export function selectionReturn(
  { lists, shape }: KvCache,
  target: (typeof listTargets)[keyof typeof listTargets],
  sequence: number,
  receive: StepReturn['receive'],
): StepReturn {
  const { numLayers, numSequences, numKvHeads, pagesPerHead } = shape;
  const sizeBytes = 4 * numKvHeads * pagesPerHead;
  const parts = Array.from({ length: numLayers }, (_, layer) => {
    const offsetBytes = ((target * numLayers + layer) * numSequences + sequence) * sizeBytes;
    return { source: lists, offsetBytes, sizeBytes };
  });
  return { parts, receive };
}
