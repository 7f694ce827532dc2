/** Which disk is chosen, and that a slower one is told. */
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { openDiskHostStore } from '../../../src/offload/disk-host-store';
import { IndexedDbHostStore } from '../../../src/offload/indexeddb-host-store';

afterEach(() => void vi.unstubAllGlobals());
const shape = { numLayers: 1, numKvHeads: 1, pageBytes: 64 };

test('a private file system that fails is told, with the reason, and IndexedDB takes the pages', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  const failure = new DOMException('The file is gone.', 'NotFoundError');
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.reject(failure) } });
  const warnings: string[] = [];
  const store = await openDiskHostStore(shape, (message) => warnings.push(message));
  expect(store).toBeInstanceOf(IndexedDbHostStore);
  expect(warnings).toEqual([expect.stringMatching(/IndexedDB.*slower.*The file is gone\./)]);
  await store!.close();
});

test('where there is no such file system at all nothing is to be told', async () => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  vi.stubGlobal('navigator', {});
  const onWarning = vi.fn();
  const store = await openDiskHostStore(shape, onWarning);
  expect(store).toBeInstanceOf(IndexedDbHostStore);
  expect(onWarning).not.toHaveBeenCalled();
  await store!.close();
});
