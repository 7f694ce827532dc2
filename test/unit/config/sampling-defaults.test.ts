/** What models recommend for sampling, and that requests are asked first. */
import { expect, test } from 'vitest';
import { validateChatRequest } from '../../../src/api/validate-chat-request';
import { parseSamplingDefaults } from '../../../src/config/sampling-defaults';

test.each([
  [undefined, {}],
  [{ eos_token_id: 1 }, {}],
  [
    { do_sample: true, temperature: 0.6, top_p: 0.95, top_k: 20, min_p: 0, repetition_penalty: 1.05 },
    { temperature: 0.6, topP: 0.95, topK: 20, minP: 0, repetitionPenalty: 1.05 },
  ],
  [
    { do_sample: false, temperature: 0.7, top_k: 40 },
    { temperature: 0, topK: 40 },
  ],
  // What is out of range is no recommendation.
  [{ top_k: -1, temperature: 7, top_p: null, min_p: 'x', repetition_penalty: 0 }, {}],
  [{ top_k: 2.5 }, {}],
])('%j', (generation, defaults) => {
  expect(parseSamplingDefaults(generation)).toEqual(defaults);
});

test('a request takes what it does not say from the model, or from nobody', () => {
  const sampling = { temperature: 0.6, topP: 0.95, topK: 20, minP: 0.1, repetitionPenalty: 1.05 };
  const of = (fields: object) =>
    validateChatRequest({ messages: [{ role: 'user', content: 'x' }], seed: 1, ...fields }, { sampling })
      .request.sampling;
  expect(of({})).toMatchObject(sampling);
  expect(of({ temperature: 0, top_k: 0, top_p: null })).toMatchObject({
    ...sampling,
    temperature: 0,
    topK: 0,
  });
  const none = { temperature: 1, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 };
  expect(of({ default_sampling: false })).toMatchObject(none);
  expect(of({ default_sampling: false, top_k: 5 })).toMatchObject({ ...none, topK: 5 });
  expect(() => of({ default_sampling: 'no' })).toThrow(TypeError);
});
