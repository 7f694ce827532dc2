/** A host store that is late, has no room or loses pages at random, as its contract allows. */
import type { HostStore } from '../../../src/offload/host-store';
import { EngineError } from '../../../src/util/errors';
import type { HostFaults } from './scenario';

/** Makes `store` faulty, by numbers of `next` in [0, 1). Returns the function that makes it sound again. */
export function addHostFaults(store: HostStore, faults: HostFaults, next: () => number): () => void {
  const { late, lateMs, refused, lost } = faults;
  const isNow = (share: number) => share > 0 && next() < share;
  const delay = () => new Promise<void>((resolve) => setTimeout(resolve, next() * lateMs));
  const fail = async (code: 'storage-quota' | 'storage-lost', message: string): Promise<never> => {
    await delay();
    throw new EngineError(code, message);
  };
  const sound = { write: store.write.bind(store), read: store.read.bind(store) };
  store.write = (layer, kvHead, ids, bytes) => {
    if (isNow(refused)) return fail('storage-quota', 'No room today.');
    if (!isNow(late)) return sound.write(layer, kvHead, ids, bytes);
    return Promise.all([sound.write(layer, kvHead, ids, bytes.slice()), delay()]).then(() => undefined);
  };
  store.read = (layer, kvHead, ids, target) => {
    if (isNow(lost)) return fail('storage-lost', 'Lost today.');
    if (!isNow(late)) return sound.read(layer, kvHead, ids, target);
    // What was stored when it was called is what comes, however late.
    const copy = new Uint8Array(target.byteLength);
    return Promise.all([sound.read(layer, kvHead, ids, copy), delay()]).then(() => target.set(copy));
  };
  return () => void Object.assign(store, sound);
}
