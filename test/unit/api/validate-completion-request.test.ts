import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/util/errors';
import { validateCompletionRequest } from '../../../src/api/validate-completion-request';

const context = { vocabSize: 512 };
const promptOf = (prompt: unknown) => validateCompletionRequest({ prompt }, context).request.prompt;

test('text and token ids', () => {
  expect(promptOf('Once')).toEqual({ kind: 'text', text: 'Once' });
  expect(promptOf('')).toEqual({ kind: 'text', text: '' });
  expect(promptOf([1, 0, 511])).toEqual({ kind: 'ids', ids: [1, 0, 511] });
  expect(promptOf(['Once'])).toEqual({ kind: 'text', text: 'Once' });
  expect(promptOf([[7, 8]])).toEqual({ kind: 'ids', ids: [7, 8] });
});

test('the fields that both kinds of request have', () => {
  const { request, response } = validateCompletionRequest({
    prompt: 'x',
    max_tokens: 3,
    temperature: 0,
    stop: 'END',
    logprobs: 0,
    stream: true,
    seed: 5,
  });
  expect(request).toMatchObject({ maxTokens: 3, stop: ['END'], logprobs: 0 });
  expect(request.sampling).toMatchObject({ temperature: 0, seed: 5 });
  expect(response).toEqual({ isStream: true, includeUsage: false, hasTokenIds: false, numChoices: 1 });
  expect(validateCompletionRequest({ prompt: 'x' }).request).not.toHaveProperty('logprobs');
});

describe('refused', () => {
  test.each([
    [{}, TypeError, '"prompt" must be a string or a list of token ids, not nothing.'],
    [{ prompt: 5 }, TypeError, '"prompt" must be a string or a list of token ids, not a number.'],
    [{ prompt: [] }, RangeError, '"prompt" must have at least one token id.'],
    [{ prompt: ['a', 'b'] }, EngineError, '"prompt" is not supported: a request has one prompt.'],
    [{ prompt: [[1], [2]] }, EngineError, '"prompt" is not supported: a request has one prompt.'],
    [{ prompt: [1, 512] }, RangeError, '"prompt[1]" must be between 0 and 511, not 512.'],
    [{ prompt: [-1] }, RangeError, '"prompt[0]"'],
    [{ prompt: [1.5] }, RangeError, '"prompt[0]" must be a whole number, not 1.5.'],
    [{ prompt: [1, null] }, TypeError, '"prompt[1]" must be a number, not null.'],
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what is tried
    [{ prompt: [1, , 2] }, TypeError, '"prompt[1]" must be a number, not nothing.'],
    [{ prompt: 'x', logprobs: true }, TypeError, '"logprobs" must be a number, not a boolean.'],
    [{ prompt: 'x', logprobs: 21 }, RangeError, '"logprobs" must be between 0 and 20, not 21.'],
    [{ prompt: 'x', top_logprobs: 1 }, EngineError, '"top_logprobs" is not supported'],
    [{ prompt: 'x', messages: [] }, EngineError, '"messages" is not supported'],
    [{ prompt: 'x', document: 'd' }, EngineError, '"document" is not supported'],
    [{ prompt: 'x', max_completion_tokens: 1 }, EngineError, 'use "max_tokens"'],
    [{ prompt: 'x', echo: true }, EngineError, '"echo" is not supported'],
    [{ prompt: 'x', best_of: 2 }, EngineError, '"best_of" is not supported'],
    [{ prompt: 'x', suffix: 'y' }, EngineError, '"suffix" is not supported'],
    [{ prompt: 'x', pormpt: 'y' }, TypeError, 'The completion request has an unknown field "pormpt".'],
  ])('%j', (fields, kind, message) => {
    const attempt = () => validateCompletionRequest(fields, context);
    expect(attempt).toThrow(kind);
    expect(attempt).toThrow(message);
  });
});
