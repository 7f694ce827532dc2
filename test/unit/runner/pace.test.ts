/** How much work goes into a slice, a chunk and a segment, from durations that the test makes up. */
import { expect, test } from 'vitest';
import { Pace } from '../../../src/runner/pace';

test('the first measurement replaces the guess, later ones move it', () => {
  const pace = new Pace();
  expect(pace.speed).toBeGreaterThan(0);
  pace.learn(1000, 10);
  expect(pace.speed).toBe(100);
  pace.learn(2000, 10);
  expect(pace.speed).toBeGreaterThan(100);
  expect(pace.speed).toBeLessThan(200);
  for (let i = 0; i < 50; i++) pace.learn(2000, 10);
  expect(pace.speed).toBeCloseTo(200, 3);
});

test('neither nothing done nor no time taken spoils it', () => {
  const pace = new Pace();
  pace.learn(1000, 10);
  pace.learn(0, 500);
  expect(pace.speed).toBe(100);
  pace.learn(1000, 0);
  expect(Number.isFinite(pace.speed)).toBe(true);
});

test('slices whose ends are noticed at once do not look like a fast GPU', () => {
  const pace = new Pace();
  for (let i = 0; i < 20; i++) for (const durationMs of [30, 0, 0]) pace.learn(1000, durationMs);
  expect(pace.speed).toBeGreaterThan(50);
  expect(pace.speed).toBeLessThan(200);
});

test('a slice is what the GPU does in some tens of milliseconds', () => {
  const pace = new Pace();
  pace.learn(5000, 10);
  expect(pace.sliceCost / pace.speed).toBeGreaterThan(20);
  expect(pace.sliceCost / pace.speed).toBeLessThanOrEqual(100);
});

test.each([0.001, 1, 17, 1000, 1e9])('at speed %f chunks are powers of two from 16 to the limit', (speed) => {
  const pace = new Pace();
  pace.learn(speed, 1);
  for (const cost of [1, 1000, 1e7]) {
    const rows = pace.chunkTokens(cost, 256);
    expect([16, 32, 64, 128, 256]).toContain(rows);
    // A faster GPU never gets less.
    const faster = new Pace();
    faster.learn(8 * speed, 1);
    expect(faster.chunkTokens(cost, 256)).toBeGreaterThanOrEqual(rows);
  }
});

test('segments are short until something was measured, then follow the speed in multiples of 64', () => {
  const pace = new Pace();
  expect(pace.segmentTokens(1)).toBe(64);
  pace.learn(1000, 10);
  expect(pace.segmentTokens(1e9)).toBe(64);
  const long = pace.segmentTokens(1000);
  expect(long).toBeGreaterThan(64);
  expect(long % 64).toBe(0);
  expect((long * 1000) / pace.speed).toBeLessThanOrEqual(15_000);
});
