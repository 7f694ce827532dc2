import { expect, test } from 'vitest';
import { defaultSettings, gpuByteChoices, pageChoices, parseSettings } from '../../../demo/settings';

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
