import { expect, test } from 'vitest';
import type { DeviceFeature } from '../../../src/gpu/device';
import { isSelectionFused, mostWholePages } from '../../../src/graph/selection-path';

const fused: DeviceFeature[] = ['fused-selection'];

test.each([
  [fused, 65 * 64, 1, true],
  [fused, 256 * 32, 1, true],
  [fused, 257 * 32, 1, false],
  [fused, 256 * 128, 1, false],
  [fused, 65 * 32, 2, false],
  [[], 65 * 32, 1, false],
])(
  'one kernel selects with %j from %i channels by %i queries: %s',
  (features, channels, queries, isFused) => {
    expect(isSelectionFused(new Set(features), channels, queries)).toBe(isFused);
  },
);

test('short lists are attended whole where that costs less, and no list is chosen from below the budget', () => {
  expect(mostWholePages(new Set(['whole-lists']), 64)).toBe(640);
  expect(mostWholePages(new Set(fused), 64)).toBe(64);
});
