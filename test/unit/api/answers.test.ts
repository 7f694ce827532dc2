import { describe, expect, test } from 'vitest';
import { buildChatCompletion, streamChatCompletion } from '../../../src/api/build-chat-completion';
import { buildCompletion, streamCompletion } from '../../../src/api/build-completion';
import { newResponseIdentity } from '../../../src/api/response';
import type { ResponseOptions } from '../../../src/api/validate-options';
import type { StepLogprobs } from '../../../src/loop/generation';
import type { GenerationEvent } from '../../../src/loop/generation-event';

const identity = { id: 'x-1', created: 1_700_000_000, model: 'scout' };
const plain: ResponseOptions = { isStream: false, includeUsage: false, hasTokenIds: false, numChoices: 1 };
const rich: ResponseOptions = { isStream: true, includeUsage: true, hasTokenIds: true, numChoices: 1 };
const usage = {
  prompt_tokens: 5,
  completion_tokens: 3,
  total_tokens: 8,
  prompt_tokens_details: { cached_tokens: 4 },
};

// The second token is half a character: its text shows as U+FFFD, and so does the other one that was likely there.
const steps: StepLogprobs[] = [
  {
    id: 7,
    text: ' a',
    logprob: -0.5,
    bytes: [32, 97],
    top: [{ id: 7, text: ' a', logprob: -0.5, bytes: [32, 97] }],
  },
  {
    id: 200,
    text: '\ufffd',
    logprob: -3,
    bytes: [0xc3],
    top: [
      { id: 201, text: '\ufffd', logprob: -1, bytes: [0xc4] },
      { id: 8, text: '__proto__', logprob: -2, bytes: [1] },
    ],
  },
];

const start: GenerationEvent = { kind: 'start', numPromptTokens: 5, numCachedTokens: 4 };
const end: GenerationEvent = {
  kind: 'end',
  finishReason: 'length',
  numPromptTokens: 5,
  numCachedTokens: 4,
  numCompletionTokens: 3,
  timings: { prefillMs: 1, stepMs: [2, 3] },
};
const deltas: GenerationEvent[] = [
  { kind: 'delta', text: ' a', tokenIds: [7] },
  { kind: 'delta', text: '', tokenIds: [200] },
  { kind: 'delta', text: 'é', tokenIds: [169] },
];
const deltasWithLogprobs: GenerationEvent[] = [
  { kind: 'delta', text: ' a', tokenIds: [7], logprobs: [steps[0]!] },
  { kind: 'delta', text: '', tokenIds: [200], logprobs: [steps[1]!] },
];

async function* eventsOf(...events: GenerationEvent[]): AsyncGenerator<GenerationEvent> {
  for (const event of events) {
    await Promise.resolve();
    yield event;
  }
}

async function* failing(): AsyncGenerator<GenerationEvent> {
  yield* eventsOf(start, deltas[0]!);
  throw new RangeError('lost');
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('chat completion', () => {
  test('whole', async () => {
    expect(await buildChatCompletion(eventsOf(start, ...deltas, end), identity, plain)).toEqual({
      ...identity,
      object: 'chat.completion',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: ' aé', refusal: null },
          logprobs: null,
          finish_reason: 'length',
        },
      ],
      usage,
    });
  });

  test('with log-probabilities and ids', async () => {
    const { choices } = await buildChatCompletion(
      eventsOf(start, ...deltasWithLogprobs, end),
      identity,
      rich,
    );
    expect(choices[0].token_ids).toEqual([7, 200]);
    expect(choices[0].logprobs).toEqual({
      refusal: null,
      content: [
        {
          token: ' a',
          token_id: 7,
          logprob: -0.5,
          bytes: [32, 97],
          top_logprobs: [{ token: ' a', token_id: 7, logprob: -0.5, bytes: [32, 97] }],
        },
        {
          token: '\ufffd',
          token_id: 200,
          logprob: -3,
          bytes: [0xc3],
          top_logprobs: [
            { token: '\ufffd', token_id: 201, logprob: -1, bytes: [0xc4] },
            { token: '__proto__', token_id: 8, logprob: -2, bytes: [1] },
          ],
        },
      ],
    });
    const bare = await buildChatCompletion(eventsOf(start, ...deltasWithLogprobs, end), identity, plain);
    expect(JSON.stringify(bare)).not.toContain('token_id');
  });

  test('in chunks: role, contents, reason', async () => {
    const chunks = await all(streamChatCompletion(eventsOf(start, ...deltas, end), identity, plain));
    expect(chunks.map((chunk) => chunk.choices[0])).toEqual([
      { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: ' a' }, logprobs: null, finish_reason: null },
      { index: 0, delta: { content: 'é' }, logprobs: null, finish_reason: null },
      { index: 0, delta: {}, logprobs: null, finish_reason: 'length' },
    ]);
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ ...identity, object: 'chat.completion.chunk' });
      expect(chunk).not.toHaveProperty('usage');
    }
  });

  test('sources come with the finish reason', async () => {
    const passage = { startToken: 16, endToken: 32, mass: 0.5, startChar: 9, endChar: 12, text: 'abc' };
    const found = { isCalibrated: true, passages: [passage], pageMasses: Float32Array.of(0.5, 0.5) };
    const events = () => eventsOf(start, ...deltas, { ...end, sources: found });
    const sources = {
      calibrated: true,
      passages: [{ start_token: 16, end_token: 32, start_char: 9, end_char: 12, text: 'abc', mass: 0.5 }],
    };
    expect((await buildChatCompletion(events(), identity, plain)).choices[0].sources).toEqual(sources);
    expect((await buildCompletion(events(), identity, plain)).choices[0]!.sources).toEqual(sources);
    const chunks = await all(streamChatCompletion(events(), identity, plain));
    expect(chunks.map((chunk) => chunk.choices[0]!.sources)).toEqual([
      ...Array<undefined>(chunks.length - 1).fill(undefined),
      sources,
    ]);
    const raw = await all(streamCompletion(events(), identity, plain));
    expect(raw.at(-1)!.choices[0]).toMatchObject({ finish_reason: 'length', sources });
  });

  test('in chunks with usage, ids and log-probabilities', async () => {
    const chunks = await all(
      streamChatCompletion(eventsOf(start, ...deltasWithLogprobs, end), identity, rich),
    );
    expect(chunks.map((chunk) => chunk.usage)).toEqual([null, null, null, null, usage]);
    expect(chunks.at(-1)!.choices).toEqual([]);
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.token_ids ?? [])).toEqual([7, 200]);
    expect(
      chunks.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? []).map((entry) => entry.token_id),
    ).toEqual([7, 200]);
  });

  test('an error comes out as it is, after what was there', async () => {
    await expect(buildChatCompletion(failing(), identity, plain)).rejects.toThrow(new RangeError('lost'));
    const stream = streamChatCompletion(failing(), identity, plain);
    expect((await stream.next()).value).toBeDefined();
    expect((await stream.next()).value).toMatchObject({ choices: [{ delta: { content: ' a' } }] });
    await expect(stream.next()).rejects.toThrow(new RangeError('lost'));
  });

  test('events that break off without an end are a bug, not an answer', async () => {
    await expect(buildChatCompletion(eventsOf(start), identity, plain)).rejects.toThrow(/invariant/);
  });
});

describe('legacy completion', () => {
  test('whole', async () => {
    expect(await buildCompletion(eventsOf(start, ...deltas, end), identity, plain)).toEqual({
      ...identity,
      object: 'text_completion',
      choices: [{ index: 0, text: ' aé', logprobs: null, finish_reason: 'length' }],
      usage,
    });
  });

  test('log-probabilities as parallel lists', async () => {
    const { choices } = await buildCompletion(eventsOf(start, ...deltasWithLogprobs, end), identity, plain);
    const logprobs = choices[0]!.logprobs!;
    expect(logprobs).not.toHaveProperty('content');
    expect(logprobs.tokens).toEqual([' a', '\ufffd']);
    expect(logprobs.token_logprobs).toEqual([-0.5, -3]);
    expect(logprobs.text_offset).toEqual([0, 2]);
    expect(logprobs.top_logprobs.map((top) => Object.entries(top))).toEqual([
      [[' a', -0.5]],
      // The chosen token has the same text as a likelier one: the likelier one stays.
      [
        ['\ufffd', -1],
        ['__proto__', -2],
      ],
    ]);
  });

  test('in chunks: offsets go on, ids on request', async () => {
    const chunks = await all(streamCompletion(eventsOf(start, ...deltasWithLogprobs, end), identity, rich));
    expect(chunks.map((chunk) => chunk.choices[0]?.logprobs?.text_offset)).toEqual([
      [0],
      [2],
      undefined,
      undefined,
    ]);
    expect(chunks.map((chunk) => chunk.choices[0]?.token_ids)).toEqual([[7], [200], undefined, undefined]);
    expect(chunks[0]!.choices[0]!.logprobs!.content![0]!.token_id).toBe(7);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, 'length', undefined]);
    expect(chunks.map((chunk) => chunk.usage)).toEqual([null, null, null, usage]);
  });

  test('in chunks without extras', async () => {
    const chunks = await all(streamCompletion(eventsOf(start, ...deltas, end), identity, plain));
    expect(chunks.map((chunk) => chunk.choices[0]!.text)).toEqual([' a', 'é', '']);
    await expect(all(streamCompletion(failing(), identity, plain))).rejects.toThrow(new RangeError('lost'));
  });
});

test('identities are new each time', () => {
  const [first, second] = [newResponseIdentity('cmpl-', 'm'), newResponseIdentity('chatcmpl-', 'm')];
  expect(first.id).toMatch(/^cmpl-[0-9a-f]{32}$/);
  expect(second.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/);
  expect(first.id.slice(-32)).not.toBe(second.id.slice(-32));
  expect(Number.isInteger(first.created)).toBe(true);
});
