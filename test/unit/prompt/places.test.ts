/** Where in a document a passage stands, by the map that the document was added with. */
import { describe, expect, test } from 'vitest';
import { checkDetails, locationOf, mostDetails } from '../../../src/prompt/places';

const places = [
  { startChar: 10, label: 'p. 1' },
  { startChar: 50, label: 'p. 2' },
  { startChar: 60, label: 'p. 3' },
];

test.each([
  [0, 5, undefined],
  [0, 12, 'p. 1'],
  [10, 50, 'p. 1'],
  [45, 58, 'p. 2'],
  [40, 61, 'p. 1'],
  [55, 500, 'p. 3'],
])('characters %d to %d stand in %s', (start, end, label) => {
  expect(locationOf(places, start, end)).toBe(label);
});

describe('what a document says of itself is checked at the door', () => {
  test('as it is, without what else an object has', () => {
    expect(checkDetails({ places: [{ ...places[0]!, other: 1 } as never], notes: ['One.'] })).toEqual({
      places: [places[0]],
      notes: ['One.'],
    });
    expect(checkDetails({})).toEqual({});
  });

  test.each([
    [{ places: 'p. 1' }, TypeError],
    [{ places: [null] }, TypeError],
    [{ places: [{ startChar: '1', label: 'a' }] }, TypeError],
    [{ places: [{ startChar: -1, label: 'a' }] }, RangeError],
    [{ places: [places[1], places[0]] }, RangeError],
    [{ places: [{ startChar: 0, label: '' }] }, RangeError],
    [{ notes: [1] }, TypeError],
    [{ notes: ['x'.repeat(mostDetails.noteChars + 1)] }, RangeError],
  ])('%j is refused', (details, error) => {
    expect(() => checkDetails(details as never)).toThrow(error);
  });
});
