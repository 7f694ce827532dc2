/** Runs what every HostStore must do as tests of one implementation. */
import { describe, test } from 'vitest';
import { hostStoreCases } from './host-store-cases';
import type { CreateStore } from './host-store-cases';

/** @param create makes an empty store that may hold at most `limitBytes` in memory */
export function testHostStore(name: string, create: CreateStore): void {
  describe(name, () => {
    test.each(hostStoreCases)('$name', (hostStoreCase) => hostStoreCase.run(create));
  });
}
