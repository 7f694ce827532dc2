/** What sampler settings have room for. */
import { expect, test } from 'vitest';
import { checkEosIds, encodeSamplerSettings } from '../../../src/sampler/settings';
import { EngineError } from '../../../src/util/errors';

test('sixteen ids that end an answer are looked for; a model with more is refused', () => {
  const ids = Array.from({ length: 16 }, (_, i) => 100 + i);
  expect(() => checkEosIds(ids)).not.toThrow();
  const words = encodeSamplerSettings({}, { eosIds: ids, hasHistory: false });
  expect([...words.subarray(-16)]).toEqual(ids);
  const refused = () => checkEosIds([...ids, 116]);
  expect(refused).toThrow(EngineError);
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'model-unsupported',
      message: "The model's files name 17 tokens that end an answer; this engine looks for 16 at most.",
    }),
  );
});
