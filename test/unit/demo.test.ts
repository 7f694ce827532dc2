import { expect, test } from 'vitest';
import { describeError } from '../../demo/error-text';
import { formatBytes, formatRate } from '../../demo/format';
import { EngineError } from '../../src/util/errors';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1550, '1.6 kB'],
  [83_886_080, '84 MB'],
  [999_600, '1.0 MB'],
  [12_345_678_901, '12 GB'],
  [5e12, '5000 GB'],
])('formatBytes(%d) is %s', (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test('rates show a digit after the point only when slow', () => {
  expect([formatRate(3.14159), formatRate(25.4)]).toEqual(['3.1 tokens/s', '25 tokens/s']);
});

test('an error of the engine comes with its own sentence and next steps', () => {
  const text = describeError(new EngineError('webgpu-unavailable', 'No GPU adapter answered.'));
  expect(text).toMatchObject({
    title: 'WebGPU is not available',
    detail: 'No GPU adapter answered.',
    canRetry: true,
  });
  expect(text.steps.join(' ')).toContain('chrome://flags/#enable-unsafe-webgpu');
});

test('any other error is shown as it is', () => {
  expect(describeError(new Error('Odd.'))).toMatchObject({ title: 'Something went wrong', detail: 'Odd.' });
  expect(describeError('just text').detail).toBe('just text');
});
