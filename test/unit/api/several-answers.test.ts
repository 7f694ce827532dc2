import { expect, test, vi } from 'vitest';
import { creators, type Generate } from '../../../src/api/create';
import type { GenerationRequest } from '../../../src/loop/generation';
import type { GenerationEvent } from '../../../src/loop/generation-event';

const messages = [{ role: 'user' as const, content: 'Hello' }];
const timings = { prefillMs: 1, stepMs: [] };
const settled = () => new Promise((resolve) => setTimeout(resolve));

/** Answers that go on when the test says so; the requests and their signals in the order in which they came. */
function newModel() {
  const begun: {
    readonly request: GenerationRequest;
    readonly signal: AbortSignal | undefined;
    readonly say: (event: GenerationEvent) => Promise<unknown>;
    readonly fail: (error: Error) => void;
  }[] = [];
  const generate: Generate = async (request, signal) => {
    let send: TransformStreamDefaultController<GenerationEvent> | undefined;
    const { readable } = new TransformStream<GenerationEvent, GenerationEvent>(
      { start: (controller) => void (send = controller) },
      undefined,
      { highWaterMark: 100 },
    );
    signal?.addEventListener('abort', () => send!.error(signal.reason));
    begun.push({
      request,
      signal,
      fail: (error) => send!.error(error),
      say: (event) => {
        send!.enqueue(event);
        if (event.kind === 'end') send!.terminate();
        return settled();
      },
    });
    return (async function* () {
      yield* readable;
    })();
  };
  return { begun, ...creators(generate, { modelName: 'model', vocabSize: 100, drawSeed: () => 7 }) };
}

const start: GenerationEvent = { kind: 'start', numPromptTokens: 10, numCachedTokens: 4 };
const text = (piece: string): GenerationEvent => ({ kind: 'delta', text: piece, tokenIds: [1] });
const end = (numCompletionTokens: number): GenerationEvent => ({
  kind: 'end',
  finishReason: 'stop',
  numPromptTokens: 10,
  numCachedTokens: 4,
  numCompletionTokens,
  timings,
});

test('the others begin when the first has read the prompt, each with a seed of its own; usage counts the prompt once', async () => {
  const { begun, createChat } = newModel();
  const answered = createChat({ messages, n: 3 });
  await vi.waitFor(() => expect(begun.length).toBe(1));
  await begun[0]!.say(start);
  expect(begun.length).toBe(1);
  await begun[0]!.say(text('a'));
  expect(begun.length).toBe(3);
  const [first, ...others] = begun.map(({ request }) => request);
  expect(first!.sampling.seed).toBe(7);
  expect(new Set(begun.map(({ request }) => request.sampling.seed)).size).toBe(3);
  for (const other of others) {
    expect({ ...other, sampling: { ...other.sampling, seed: 7 } }).toEqual(first);
  }
  for (const i of [2, 1]) {
    await begun[i]!.say(start);
    await begun[i]!.say(text('abc'[i]!));
    await begun[i]!.say(end(i));
  }
  await begun[0]!.say(end(5));
  const { choices, usage } = await answered;
  expect(choices.map(({ index, message, finish_reason }) => [index, message.content, finish_reason])).toEqual(
    [
      [0, 'a', 'stop'],
      [1, 'b', 'stop'],
      [2, 'c', 'stop'],
    ],
  );
  expect(usage).toEqual({
    prompt_tokens: 10,
    completion_tokens: 8,
    total_tokens: 18,
    prompt_tokens_details: { cached_tokens: 4 },
  });
});

test.each([true, false])(
  'chunks come as they are made, by index; with the usage of all: %s',
  async (hasUsage) => {
    const { begun, createCompletion } = newModel();
    const stream = await createCompletion({
      prompt: 'Once',
      n: 2,
      stream: true,
      ...(hasUsage && { stream_options: { include_usage: true } }),
    });
    await begun[0]!.say(start);
    await begun[0]!.say(text('a'));
    await begun[1]!.say(start);
    await begun[1]!.say(text('b'));
    await begun[0]!.say(text('A'));
    await begun[0]!.say(end(2));
    await begun[1]!.say(end(1));
    const told: unknown[] = [];
    let usage: unknown = 'none';
    for await (const chunk of stream) {
      expect('usage' in chunk).toBe(hasUsage);
      for (const choice of chunk.choices) told.push([choice.index, choice.text, choice.finish_reason]);
      if (chunk.choices.length === 0) usage = chunk.usage;
    }
    expect(told).toEqual([
      [0, 'a', null],
      [1, 'b', null],
      [0, 'A', null],
      [0, '', 'stop'],
      [1, '', 'stop'],
    ]);
    expect(usage).toEqual(
      hasUsage
        ? {
            prompt_tokens: 10,
            completion_tokens: 3,
            total_tokens: 13,
            prompt_tokens_details: { cached_tokens: 4 },
          }
        : 'none',
    );
  },
);

test.each([false, true])(
  'the first failure ends them all, before and after the prompt is read; streamed: %s',
  async (stream) => {
    for (const failing of [0, 1]) {
      const { begun, createChat } = newModel();
      const answered = (async () => {
        const answer = await createChat({ messages, n: 2, stream });
        if (Symbol.asyncIterator in answer) for await (const _ of answer);
      })();
      const refused = expect(answered).rejects.toThrow('no room');
      await settled();
      await begun[0]!.say(start);
      if (failing === 1) await begun[0]!.say(text('a'));
      begun[failing]!.fail(new Error('no room'));
      await refused;
      expect(begun.length).toBe(failing + 1);
      if (failing === 1) expect(begun[0]!.signal!.aborted).toBe(true);
    }
  },
);

test('who leaves a stream ends all of them, those too that have not begun', async () => {
  const { begun, createChat } = newModel();
  const stream = await createChat({ messages, n: 3, stream: true });
  await begun[0]!.say(start);
  await stream.return();
  await settled();
  expect(begun.map(({ signal }) => signal!.aborted)).toEqual([true]);
});
