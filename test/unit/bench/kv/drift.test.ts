import { expect, test } from 'vitest';
import { expectedOverlap, noiseForOverlap } from '../../../../tools/bench/kv/drift';
import { randomSource } from '../../../../tools/util/random';

/** Overlap of the top `share` of scores x and ρx + √(1−ρ²)y, by counting. */
function countedOverlap(correlation: number, share: number, numPages: number): number {
  const next = randomSource(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const earlier = Float64Array.from({ length: numPages }, normal);
  const later = earlier.map((x) => correlation * x + Math.sqrt(1 - correlation ** 2) * normal());
  const budget = Math.round(share * numPages);
  const top = (scores: Float64Array) =>
    new Set([...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, budget));
  const wanted = top(later);
  const shared = [...top(earlier)].filter((page) => wanted.has(page)).length / budget;
  return (shared - share) / (1 - share);
}

test.each([
  [0.5, 0.25],
  [0.9, 0.0625],
])('scores of correlation %d: the overlap of their top %d, as counted', (correlation, share) => {
  expect(expectedOverlap(correlation, share)).toBeCloseTo(countedOverlap(correlation, share, 4000), 1);
});

test('no correlation, no overlap; the more noise, the less of it', () => {
  expect(expectedOverlap(0, 0.1)).toBeCloseTo(0, 4);
  const noise = noiseForOverlap(0.7, 0.1);
  expect(expectedOverlap(1 / (1 + noise ** 2), 0.1)).toBeCloseTo(0.7, 4);
  expect(noiseForOverlap(0.4, 0.1)).toBeGreaterThan(noise);
});
