import { expect, test } from 'vitest';
import { expectBytes, expectThat } from '../../support/bytes';

test('comparison of bytes finds the first difference, and a missing byte', () => {
  expectBytes(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3), 'same');
  expect(() => expectBytes(Uint8Array.of(1, 2, 9), Uint8Array.of(1, 2, 3), 'last')).toThrow(
    'last: byte 2 is 9, expected 3',
  );
  expect(() => expectBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3), 'short')).toThrow('2 bytes where 3');
});

test('a condition that does not hold throws', () => {
  expectThat(true, 'one is one');
  expect(() => expectThat(false, 'one is two')).toThrow('It does not hold that one is two.');
});
