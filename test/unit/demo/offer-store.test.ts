/** Documents that are offered and not read, from one visit to the next. */
import { beforeEach, expect, test } from 'vitest';
import { OfferStore } from '../../../demo/offer-store';
import { useIndexedDb } from '../../support/fake-indexeddb';

beforeEach(useIndexedDb);

const offer = (id: string) => ({
  id,
  title: `T ${id}`,
  text: `Text of ${id}.`,
  notes: ['n'],
  places: [],
  encoding: 'utf-8',
});

test('what is offered is there in the next visit, in its order, and what is not any more is gone', async () => {
  const store = new OfferStore();
  expect(await store.list()).toEqual([]);
  await store.change([offer('b'), offer('a')], []);
  const estimated = { ...offer('c'), cost: { numTokens: 3 } };
  await new OfferStore().change([estimated], ['none']);
  expect(await store.list()).toEqual([offer('b'), offer('a'), offer('c')]);
  await store.change([], ['b']);
  expect((await new OfferStore().list()).map(({ id }) => id)).toEqual(['a', 'c']);
});

test('a long text is kept in pieces, and goes with all of them', async () => {
  const text = 'Ein Wörtchen. '.repeat(100_000);
  const store = new OfferStore();
  await store.change([offer('a'), { ...offer('long'), text }, offer('z')], []);
  const found = await new OfferStore().list();
  expect(found.map(({ id }) => id)).toEqual(['a', 'long', 'z']);
  expect(found[1]).toEqual({ ...offer('long'), text });
  await store.change([], ['long']);
  const { result } = await new Promise<IDBRequest<number>>((done) => {
    const opening = indexedDB.open('longpage-offers');
    opening.onsuccess = () => {
      const counting = opening.result.transaction('offers').objectStore('offers').count();
      counting.onsuccess = () => done(counting);
    };
  });
  expect(result).toBe(2);
});
