import { expect, test } from 'vitest';
import { encodeHistory } from '../../../src/sampler/history';
import { toF16Bits } from '../../../src/util/f16';

test('tokens that may not come have the least bias, whatever else is known of them', () => {
  const allowed = Uint32Array.of(0b10_0100, 0b1);
  const words = encodeHistory(40, {
    promptTokens: [1, 2],
    answerTokens: [1, 1, 5],
    logitBias: [
      [0, 3],
      [2, -1],
    ],
    allowed,
  });
  const bias = (token: number) => words[token]! & 0xffff;
  const impossible = toF16Bits(-65504);
  expect(
    Array.from({ length: 40 }, (_, token) => token).filter((token) => bias(token) !== impossible),
  ).toEqual([2, 5, 32]);
  expect([bias(2), bias(5)]).toEqual([toF16Bits(-1), 0]);
  expect([words[1]! >>> 16, words[2]! >>> 16, words[5]! >>> 16]).toEqual([0x8002, 0x8000, 1]);
});
