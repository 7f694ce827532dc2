import { expect, test } from 'vitest';
import {
  defaultSettings,
  gpuByteChoices,
  otherLimit,
  pageChoices,
  parseSettings,
  withLimitOf,
} from '../../../demo/settings';

test('settings come back as they were kept', () => {
  const settings = { gpuBytes: gpuByteChoices[0]!, pagesPerHead: pageChoices[1]!, isExact: true };
  expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
});

test.each([[null], ['{'], ['null'], ['[]'], ['{"gpuBytes":1,"pagesPerHead":"64","isExact":1}']])(
  'what makes no sense is the default: %s',
  (json) => {
    expect(parseSettings(json)).toEqual(defaultSettings);
  },
);

test('the defaults can be chosen', () => {
  expect(gpuByteChoices).toContain(defaultSettings.gpuBytes);
  expect(pageChoices).toContain(defaultSettings.pagesPerHead);
});

test.each([
  [96, 'smaller', 48],
  [96, 'larger', 192],
  [16, 'smaller', undefined],
  [4096, 'larger', undefined],
] as const)('from %i MiB the next %s limit is %s MiB', (from, kind, next) => {
  expect(otherLimit(from * 2 ** 20, kind)).toBe(next && next * 2 ** 20);
});

test.each([
  [undefined, 96],
  [32, 96],
  [96, 96],
  [100, 128],
  [5000, 4096],
])('with 96 MiB set, a model that needs %s MiB gets %i MiB', (needed, limit) => {
  const minGpuBytes = needed === undefined ? undefined : needed * 2 ** 20;
  expect(withLimitOf(defaultSettings, minGpuBytes)).toEqual({
    ...defaultSettings,
    gpuBytes: limit * 2 ** 20,
  });
});
