import { describe, expect, test } from 'vitest';
import type OpenAI from 'openai';
import { createEmbeddings, type EmbeddingRequest, type EmbeddingResponse } from '../../../src/api/embeddings';

const context = { modelName: 'small', aliases: ['text-embedding-3-small'], vocabSize: 100 };
type Wish = Parameters<Parameters<typeof createEmbeddings>[2]>[0];

/** What a request asks of the engine, and its answer. */
async function create(request: unknown): Promise<{ wish: Wish; response: EmbeddingResponse }> {
  let wish: Wish | undefined;
  const response = await createEmbeddings(request, context, (given) => {
    wish = given;
    const vectors = given.inputs.map((_, i) => Float32Array.of(0.5, -0.25, i));
    return Promise.resolve({ vectors, numTokens: 9 });
  });
  return { wish: wish!, response };
}

test("OpenAI's request and answer types fit ours", () => {
  const request: EmbeddingRequest = {} as OpenAI.EmbeddingCreateParams;
  const response: OpenAI.CreateEmbeddingResponse = {} as EmbeddingResponse;
  expect([request, response]).toEqual([{}, {}]);
});

test.each([
  ['a', ['a']],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [[1, 2], [[1, 2]]],
  [
    [[1], [2, 3]],
    [[1], [2, 3]],
  ],
  [
    ['a', [1]],
    ['a', [1]],
  ],
])('input %j', async (input, inputs) => {
  expect((await create({ input })).wish.inputs).toEqual(inputs);
});

test('an answer: one vector an input, as numbers or in base64', async () => {
  const request = { input: ['a', 'b'], model: 'text-embedding-3-small', user: 'u', dimensions: 3 };
  const { wish, response } = await create(request);
  expect(wish).toEqual({ inputs: ['a', 'b'], dimensions: 3, pooling: undefined });
  expect(response).toEqual({
    object: 'list',
    data: [
      { object: 'embedding', index: 0, embedding: [0.5, -0.25, 0] },
      { object: 'embedding', index: 1, embedding: [0.5, -0.25, 1] },
    ],
    model: 'small',
    usage: { prompt_tokens: 9, total_tokens: 9 },
  });
  const { data } = (await create({ ...request, encoding_format: 'base64' })).response;
  const bytes = Buffer.from(data[1]!.embedding as unknown as string, 'base64');
  expect([0, 4, 8].map((at) => bytes.readFloatLE(at))).toEqual([0.5, -0.25, 1]);
});

describe('a wrong request is refused by name', () => {
  test.each([
    [{}, '"input" must be a text or a list of token ids, not nothing.'],
    [{ input: [] }, '"input" must not be empty.'],
    [{ input: '' }, '"input" must not be empty.'],
    [{ input: ['a', ''] }, '"input[1]" must not be empty.'],
    [{ input: ['a', 1] }, '"input[1]" must be a text or a list of token ids, not a number.'],
    [{ input: [1, 'a'] }, '"input[1]" must be a number, not a string.'],
    [{ input: [100] }, '"input[0]" must be between 0 and 99, not 100.'],
    [{ input: [[0.5]] }, '"input[0][0]" must be a whole number, not 0.5.'],
    [{ input: 'a', encoding_format: 'hex' }, '"encoding_format" must be "float" or "base64".'],
    [{ input: 'a', dimensions: 0 }, /^"dimensions" must be between 1/],
    [{ input: 'a', pooling: 'sum' }, /^"pooling" must be "cls" or/],
    [{ input: 'a', model: 'large' }, /^"model" is "large"/],
    [{ input: 'a', colour: 1 }, 'The embedding request has an unknown field "colour".'],
  ])('%j', async (request, message) => {
    await expect(create(request)).rejects.toThrow(message);
  });
});
