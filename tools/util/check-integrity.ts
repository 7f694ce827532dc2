/** What must hold of a cache whenever nothing is under way. */
import type { KvCache } from '../../src/cache/kv-cache';
import type { PageIndex, Slot } from '../../src/cache/page';
import { assert } from '../../src/util/assert';

/** Checks that every slot has exactly as many owners as sequences name it. @throws Error that names the layer and the slot */
export function checkIntegrity(cache: KvCache): void {
  const { numSequences, unstable } = cache.shape;
  cache.layers.forEach((slabs, layer) => {
    for (const { owners, firstKvHead, numKvHeads } of slabs) {
      const counted = new Uint16Array(owners.numSlots);
      for (let sequence = 0; sequence < numSequences; sequence++) {
        for (let kvHead = firstKvHead; kvHead < firstKvHead + numKvHeads; kvHead++) {
          if (!unstable.has(layer, kvHead)) continue;
          for (let page = 0 as PageIndex; page < cache.numPages(sequence); page++) {
            counted[cache.table.get(layer, sequence, kvHead, page)]!++;
          }
        }
        for (const head of cache.stableHeads(sequence)) {
          const isHere = head.layer === layer && cache.slabOf(layer, head.kvHead).owners === owners;
          if (isHere) for (const slot of head.slots) counted[slot]!++;
        }
      }
      counted.forEach((count, slot) => {
        const numOwners = owners.numOwners(slot as Slot);
        assert(numOwners === count, `layer ${layer}, slot ${slot}: ${numOwners} owners, ${count} users`);
      });
    }
  });
}
