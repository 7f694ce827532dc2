/** How a prompt is cut: segments and chunks cover it exactly, and no segment leaves its tile. */
import { expect, test } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import {
  attendedRowCost,
  largestRowCost,
  nextSegment,
  planChunks,
  sparseTokensOf,
  tokenCost,
  type Segment,
} from '../../../src/graph/prefill-plan';
import { modelConfigJson, tinyLlamaModel } from '../../../tools/tiny-models/models';

function segmentsOf(start: number, end: number, tileTokens: number, maxTokens: number): Segment[] {
  const segments: Segment[] = [];
  for (let position = start; position < end; position = segments.at(-1)!.end) {
    segments.push(nextSegment(position, end, tileTokens, maxTokens));
  }
  return segments;
}

const starts = [0, 1, 15, 16, 17, 255, 256, 300];
const lengths = [1, 15, 16, 17, 64, 65, 577];

test.each([
  [32, 64],
  [64, 64],
  [256, 64],
  [256, 192],
  [2048, 64],
  [2048, 100_000],
])('tiles of %i, at most %i tokens a segment: covers exactly, never across a tile', (tile, most) => {
  for (const start of starts) {
    for (const length of lengths) {
      const end = start + length;
      const segments = segmentsOf(start, end, tile, most);
      expect(segments[0]!.start).toBe(start);
      for (const [i, segment] of segments.entries()) {
        expect(segment.start).toBe(segments[i - 1]?.end ?? start);
        expect(segment.end).toBeGreaterThan(segment.start);
        expect(segment.end - segment.start).toBeLessThanOrEqual(most);
        expect(tile * Math.floor(segment.start / tile)).toBe(segment.tileStart);
        expect(tile * Math.floor((segment.end - 1) / tile)).toBe(segment.tileStart);
        expect(segment.isLast).toBe(i === segments.length - 1);
      }
      expect(segments.at(-1)!.end).toBe(end);
    }
  }
});

test('a segment takes all it may', () => {
  const exact = { sparseTokens: 0 };
  expect(nextSegment(0, 1000, 256, 100_000)).toEqual({
    ...exact,
    start: 0,
    end: 256,
    tileStart: 0,
    isLast: false,
  });
  expect(nextSegment(300, 1000, 256, 64)).toEqual({
    ...exact,
    start: 300,
    end: 364,
    tileStart: 256,
    isLast: false,
  });
  expect(nextSegment(300, 310, 256, 64)).toEqual({
    ...exact,
    start: 300,
    end: 310,
    tileStart: 256,
    isLast: true,
  });
});

test('tiles of a sparse follow-up begin where what is selected ends', () => {
  expect(nextSegment(304, 1000, 256, 128, 288)).toEqual({
    start: 304,
    end: 432,
    tileStart: 288,
    sparseTokens: 288,
    isLast: false,
  });
  expect(nextSegment(432, 1000, 256, 128, 288)).toMatchObject({ end: 544, tileStart: 288 });
  expect(nextSegment(544, 600, 256, 128, 288)).toMatchObject({ end: 600, tileStart: 544, isLast: true });
});

test('what a sparse follow-up selects from: pairs of pages, more than a head attends', () => {
  expect(sparseTokensOf(0, 4)).toBe(0);
  expect(sparseTokensOf(64, 4)).toBe(0);
  expect(sparseTokensOf(80, 4)).toBe(0);
  expect(sparseTokensOf(96, 4)).toBe(96);
  expect(sparseTokensOf(112, 4)).toBe(96);
});

test.each([1, 16, 64, 256])('chunks of %i rows cover a segment in order', (chunkTokens) => {
  for (const length of lengths) {
    const segment: Segment = { start: 37, end: 37 + length, tileStart: 0, sparseTokens: 0, isLast: true };
    let row = 0;
    for (const { firstRow, numRows, firstPosition } of planChunks(segment, chunkTokens)) {
      expect([firstRow, firstPosition]).toEqual([row, 37 + row]);
      expect(numRows).toBeGreaterThan(0);
      expect(numRows).toBeLessThanOrEqual(chunkTokens);
      row += numRows;
    }
    expect(row).toBe(length);
  }
});

test('costs by hand', () => {
  const config = parseModelConfig(modelConfigJson(tinyLlamaModel()));
  expect(largestRowCost(config)).toBe(2 * 48 * 68);
  expect(attendedRowCost(config, 256)).toBe(2 * 256 * 64);
  // Per layer: q and o 48·64 each, k and v 48·32 each, feed-forward 3·48·68, attention 2·64 a key.
  const projections = 2 * 48 * 64 + 2 * 48 * 32 + 3 * 48 * 68;
  expect(tokenCost(config, 0)).toBe(3 * projections);
  expect(tokenCost(config, 1000)).toBe(3 * (projections + 2 * 1000 * 64));
});
