import { expect, test } from 'vitest';
import type { DeviceFeature } from '../../../src/gpu/device';
import { isSelectionFused } from '../../../src/graph/selection-path';

const fused: DeviceFeature[] = ['fused-selection'];

test.each([
  [fused, 65, 1, true],
  [fused, 2048, 1, true],
  [fused, 4096, 1, false],
  [fused, 65, 2, false],
  [[], 65, 1, false],
])('one kernel selects with %j from %i pages by %i queries: %s', (features, pages, queries, isFused) => {
  expect(isSelectionFused(new Set(features), pages, queries)).toBe(isFused);
});
