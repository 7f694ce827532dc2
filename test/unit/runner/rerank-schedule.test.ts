/** Which layers rerank at which step. */
import { expect, test } from 'vitest';
import { firstRerankStep, layersAt, longestTail } from '../../../src/runner/rerank-schedule';

test('without stagger: all layers at every multiple of the interval', () => {
  const layers = (position: number) => layersAt(position, 30, { interval: 16, isStaggered: false });
  for (let position = 1; position < 64; position++) {
    expect(layers(position)).toEqual(position % 16 === 0 ? { first: 0, end: 30 } : undefined);
  }
});

test.each([
  [30, 16],
  [3, 7],
  [24, 24],
  [5, 1],
  [1, 16],
])(
  'staggered, %i layers over %i steps: every layer once in an interval, as even as can be',
  (numLayers, interval) => {
    const most = Math.ceil(numLayers / interval);
    const seen = new Map<number, number[]>();
    for (let position = 1; position <= 3 * interval; position++) {
      const range = layersAt(position, numLayers, { interval, isStaggered: true });
      if (!range) continue;
      expect(range.end - range.first).toBeLessThanOrEqual(most);
      for (let layer = range.first; layer < range.end; layer++) {
        seen.set(layer, [...(seen.get(layer) ?? []), position]);
      }
    }
    expect(seen.size).toBe(numLayers);
    for (const [, positions] of seen) {
      expect(positions.length).toBe(3);
      expect(positions[1]! - positions[0]!).toBe(interval);
    }
  },
);

test.each([
  [16, 16, 8],
  [16, 1, 1],
  [3, 16, 1],
  [8, 5, 2],
])('interval %i, sets by %i queries: the first rerank is at step %i or later', (interval, queries, first) => {
  expect(firstRerankStep(interval, queries)).toBe(first);
});

test.each([
  [1, 4, 1],
  [7, 4, 3],
  [16, 1, 8],
  [16, 4, 8],
])(
  'interval %i, lag %i, first step %i: no tail is longer than said, and one is as long',
  (interval, lag, firstStep) => {
    const options = { interval, lag, isStaggered: true, firstStep };
    let longest = 0;
    for (let start = 100; start < 100 + interval; start++) {
      let flipped = 0;
      for (let step = 1; step < 5 * interval; step++) {
        const range = layersAt(start + step, 1, options);
        if (!range || step < firstStep) continue;
        longest = Math.max(longest, step + lag - flipped);
        flipped = step;
      }
    }
    expect(longestTail(options)).toBe(longest);
  },
);
