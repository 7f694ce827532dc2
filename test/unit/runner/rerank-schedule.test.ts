/** Which layers rerank at which step. */
import { expect, test } from 'vitest';
import { layersOfStep } from '../../../src/runner/rerank-schedule';

test('without stagger: all layers at every multiple of the interval', () => {
  const layers = (step: number) => layersOfStep(step, 30, { interval: 16, isStaggered: false });
  for (let step = 1; step < 64; step++) {
    expect(layers(step)).toEqual(step % 16 === 0 ? { first: 0, end: 30 } : undefined);
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
    for (let step = 1; step <= 3 * interval; step++) {
      const range = layersOfStep(step, numLayers, { interval, isStaggered: true });
      if (!range) continue;
      expect(range.end - range.first).toBeLessThanOrEqual(most);
      for (let layer = range.first; layer < range.end; layer++) {
        seen.set(layer, [...(seen.get(layer) ?? []), step]);
      }
    }
    expect(seen.size).toBe(numLayers);
    for (const [, steps] of seen) {
      expect(steps.length).toBe(3);
      expect(steps[1]! - steps[0]!).toBe(interval);
    }
  },
);
