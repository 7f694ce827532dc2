/** Addresses of places in the page, and which steps between them Back undoes. */
import { expect, test } from 'vitest';
import { addressOf, isStep, placeOf, type Place } from '../../../demo/address';

const places: readonly (readonly [Place, string])[] = [
  [{ kind: 'add' }, ''],
  [{ kind: 'offer', id: 'a b' }, '#offer=a+b'],
  [{ kind: 'document', id: 'a&b' }, '#document=a%26b'],
  [{ kind: 'document', id: 'a', conversationId: 'c' }, '#document=a&conversation=c'],
  [{ kind: 'document', id: '' }, '#chat='],
  [{ kind: 'document', id: '', conversationId: 'c' }, '#chat=&conversation=c'],
];

test.each(places)('%o is at %s', (place, address) => {
  expect(addressOf(place)).toBe(address);
  expect(placeOf(address)).toEqual(place);
});

test('what names no place is where a document is added', () => {
  for (const hash of ['#', '#document=', '#something', '#offer=', '#%E0%A4%A']) {
    expect(placeOf(hash)).toEqual({ kind: 'add' });
  }
});

test('Back undoes going elsewhere, not reading what is offered nor the first question of a conversation', () => {
  const document: Place = { kind: 'document', id: 'a' };
  const asked: Place = { kind: 'document', id: 'a', conversationId: 'c' };
  expect(isStep({ kind: 'add' }, document)).toBe(true);
  expect(isStep(document, asked)).toBe(false);
  expect(isStep({ kind: 'offer', id: 'a' }, document)).toBe(false);
  expect(isStep({ kind: 'offer', id: 'b' }, document)).toBe(true);
  expect(isStep(asked, { ...asked, conversationId: 'd' })).toBe(true);
  expect(isStep(asked, document)).toBe(true);
  expect(isStep(document, { kind: 'document', id: 'b', conversationId: 'c' })).toBe(true);
});
