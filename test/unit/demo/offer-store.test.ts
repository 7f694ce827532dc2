/** Documents that are offered and not read, from one visit to the next. */
import { expect, test } from 'vitest';
import { OfferStore } from '../../../demo/offer-store';
import { useIndexedDb } from '../../support/fake-indexeddb';

useIndexedDb();

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
