/** The two RoPE writings, the engine's and the CPU transformer's, on every model that there are goldens for. */
import { expect, test } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import { inverseFrequencies } from '../../../src/config/rope';
import { ropeFrequencies } from '../../../src/reference/rope-angles';
import { expectClose } from '../../support/compare';
import { architectureSpecs } from '../../../tools/tiny-models/model-configs';

test.each(architectureSpecs)('the engine turns $name as the CPU transformer does', ({ config }) => {
  const { rope } = parseModelConfig(config);
  const frequencies = ropeFrequencies(rope);
  expect(frequencies.length).toBe(rope.rotaryDim / 2);
  expectClose(inverseFrequencies(rope), frequencies, { absolute: 0, relative: 1e-12 });
});

test('ramps that are not rounded, and stretches at both ends of the range', () => {
  for (const isTruncated of [true, false]) {
    for (const originalContext of [16, 4096]) {
      const scaling = { type: 'yarn', factor: 8, originalContext, betaFast: 32, betaSlow: 1 } as const;
      const rope = { theta: 1e4, rotaryDim: 64, scaling: { ...scaling, isTruncated, attentionFactor: 1 } };
      expectClose(inverseFrequencies(rope), ropeFrequencies(rope), { absolute: 0, relative: 1e-12 });
    }
  }
});
