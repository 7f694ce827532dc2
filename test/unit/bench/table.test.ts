import { expect, test } from 'vitest';
import { median, percentile } from '../../../tools/bench/statistics';
import { formatBytes, formatNumber, formatTable } from '../../../tools/util/table';

test('columns are as wide as their widest cell; numbers stand to the right', () => {
  const table = formatTable(
    [{ title: 'model' }, { title: 'ms', isNumber: true }],
    [
      ['a', '1.25'],
      ['a long name', '340'],
    ],
  );
  expect(table.split('\n')).toEqual([
    'model          ms',
    '───────────  ────',
    'a            1.25',
    'a long name   340',
  ]);
});

test('a table without rows has its titles; a row of another length is refused', () => {
  expect(formatTable([{ title: 'ms' }], [])).toBe('ms\n──');
  expect(() => formatTable([{ title: 'ms' }], [['1', '2']])).toThrow(RangeError);
});

test.each([
  [0, '0'],
  [0.012345, '0.0123'],
  [4.5678, '4.57'],
  [45.678, '45.7'],
  [456.78, '457'],
  [45678.9, '45679'],
  [-4.5678, '-4.57'],
])('%d is written with three digits', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1500, '1.50 kB'],
  [45_600_000, '45.6 MB'],
  [278_000_000, '278 MB'],
  [4_360_000_000_000, '4360 GB'],
])('%d bytes', (value, text) => {
  expect(formatBytes(value)).toBe(text);
});

test('medians and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
  const samples = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(percentile(samples, 0.99)).toBe(198);
  expect(percentile(samples, 1)).toBe(200);
  expect(percentile([5], 0.01)).toBe(5);
  expect(() => median([])).toThrow(RangeError);
});
