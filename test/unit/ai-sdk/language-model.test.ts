/** The real AI SDK on an engine that is a script. */
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { longpage, type ChatEngine } from '../../../src/ai-sdk/index';
import { chatRequestOf } from '../../../src/ai-sdk/chat-request';
import type { ChatCompletionRequest } from '../../../src/api/chat-completions';
import { EngineError } from '../../../src/util/errors';
import { scriptedEngine, type Script } from '../../support/scripted-engine';

const chatTemplate = '{% if tools %}<tool_call>{% endif %}<think>';

/** An engine that answers its requests by one script after the other, and what it was asked. */
function engineOf(...scripts: Script[]): ChatEngine & { readonly asked: ChatCompletionRequest[] } {
  const asked: ChatCompletionRequest[] = [];
  return {
    model: 'scripted',
    asked,
    chat: {
      completions: {
        create: (request, options) => {
          const script = scripts[Math.min(asked.length, scripts.length - 1)];
          asked.push(request);
          return scriptedEngine(script).chat.completions.create(request, options);
        },
      },
    },
  };
}

const thinking: Script = { chatTemplate, pieces: ['<think>', 'Hm.', '</think>', 'Hel', 'lo.'] };

describe('text', () => {
  test('whole, with thoughts and usage; settings and our own fields go on', async () => {
    const engine = engineOf(thinking);
    const result = await generateText({
      model: longpage(engine),
      instructions: 'Be brief.',
      prompt: 'Hi',
      temperature: 0.5,
      topK: 4,
      maxOutputTokens: 9,
      stopSequences: ['END'],
      seed: 7,
      providerOptions: { longpage: { min_p: 0.1 } },
    });
    expect(result.text).toBe('Hello.');
    expect(result.finalStep.reasoningText).toBe('Hm.');
    expect(result.finishReason).toBe('stop');
    expect(result.usage).toMatchObject({ inputTokens: 5, outputTokens: 5 });
    expect(engine.asked[0]).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      ],
      temperature: 0.5,
      top_k: 4,
      max_completion_tokens: 9,
      stop: ['END'],
      seed: 7,
      min_p: 0.1,
    });
  });

  test('streamed', async () => {
    const { textStream, finalStep, usage, finishReason } = streamText({
      model: longpage(Promise.resolve(engineOf({ ...thinking, finishReason: 'length' }))),
      prompt: 'Hi',
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces.join('')).toBe('Hello.');
    expect(pieces.length).toBeGreaterThan(1);
    expect((await finalStep).reasoningText).toBe('Hm.');
    expect(await usage).toMatchObject({ outputTokens: 5 });
    expect(await finishReason).toBe('length');
  });

  test('an error, before and in the middle of it', async () => {
    const error = new EngineError('context-too-long', 'Too long.');
    const model = longpage(engineOf({ failure: { error } }));
    await expect(generateText({ model, prompt: 'Hi', maxRetries: 0 })).rejects.toThrow('Too long.');
    const errors: unknown[] = [];
    const { textStream } = streamText({
      model: longpage(engineOf({ failure: { error, afterPieces: 1 } })),
      prompt: 'Hi',
      onError: ({ error: told }) => void errors.push(told),
    });
    const pieces: string[] = [];
    for await (const piece of textStream) pieces.push(piece);
    expect(pieces).toEqual(['Hel']);
    expect(errors).toEqual([error]);
  });

  test('an abort', async () => {
    const controller = new AbortController();
    const { stream } = await longpage(engineOf()).doStream({
      prompt: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
      abortSignal: controller.signal,
    });
    controller.abort(new Error('Enough.'));
    const types: string[] = [];
    for await (const part of stream as unknown as AsyncIterable<{ type: string }>) types.push(part.type);
    expect(types.at(-1)).toBe('error');
  });
});

test('an object by its schema', async () => {
  const schema = z.object({ city: z.string() });
  const engine = engineOf({ chatTemplate, pieces: ['{"city"', ':"Bern"}'] });
  // oxlint-disable-next-line typescript/no-deprecated -- what applications call
  const { object } = await generateObject({ model: longpage(engine), prompt: 'Where?', schema });
  expect(object).toEqual({ city: 'Bern' });
  expect(engine.asked[0]!.response_format).toMatchObject({
    type: 'json_schema',
    json_schema: { schema: { type: 'object', required: ['city'] } },
  });
});

test.each(['whole', 'streamed'])('tools in two rounds, %s', async (how) => {
  const call = '<tool_call>{"name": "weather", "arguments": {"city": "Bern"}}</tool_call>';
  const engine = engineOf({ chatTemplate, pieces: call.match(/[^]{1,7}/g)! }, { chatTemplate });
  const cities: string[] = [];
  const settings = {
    model: longpage(engine),
    prompt: 'Weather?',
    stopWhen: stepCountIs(3),
    tools: {
      weather: tool({
        description: 'The weather.',
        inputSchema: z.object({ city: z.string() }),
        execute: ({ city }) => {
          cities.push(city);
          return { sky: 'blue' };
        },
      }),
    },
  };
  const text = how === 'whole' ? (await generateText(settings)).text : await streamText(settings).text;
  expect(text).toBe('Hello.');
  expect(cities).toEqual(['Bern']);
  const [first, second] = engine.asked;
  expect(first!.tools).toMatchObject([{ type: 'function', function: { name: 'weather' } }]);
  expect(second!.messages.slice(-2)).toMatchObject([
    { role: 'assistant', tool_calls: [{ function: { name: 'weather', arguments: '{"city":"Bern"}' } }] },
    { role: 'tool', content: '{"sky":"blue"}' },
  ]);
});

test('what the engine cannot do is refused or warned of, and files of text are text', () => {
  const prompt = (data: object, mediaType: string) =>
    chatRequestOf({
      prompt: [{ role: 'user', content: [{ type: 'file', data: data as never, mediaType }] }],
    }).request.messages[0]!.content;
  expect(prompt({ type: 'data', data: btoa('Hi') }, 'text/plain')).toEqual([{ type: 'text', text: 'Hi' }]);
  expect(prompt({ type: 'data', data: new Uint8Array([1]) }, 'image/png')).toEqual([{ type: 'image/png' }]);
  const { warnings } = chatRequestOf({
    prompt: [],
    reasoning: 'high',
    tools: [{ type: 'provider', id: 'a.b', name: 'b', args: {} }],
  });
  expect(warnings).toMatchObject([{ feature: 'reasoning: high' }, { feature: 'tool a.b' }]);
});

test('a load is begun by the first call, tells its progress, and is begun anew where it failed', async () => {
  let numLoads = 0;
  const model = longpage(({ onProgress }) => {
    numLoads++;
    onProgress({ phase: 'weights', loadedBytes: 1, totalBytes: 2 });
    return numLoads === 1 ? Promise.reject(new Error('No network.')) : Promise.resolve(engineOf());
  });
  const told: number[] = [];
  const stop = model.onProgress(({ loadedBytes }) => told.push(loadedBytes));
  expect(numLoads).toBe(0);
  await expect(model.load()).rejects.toThrow('No network.');
  expect(model.availability()).toBe('unavailable');
  stop();
  const loading = model.load();
  expect(model.availability()).toBe('downloading');
  await loading;
  expect([model.availability(), model.modelId]).toEqual(['available', 'scripted']);
  await generateText({ model, prompt: 'Hi' });
  expect([numLoads, told]).toEqual([2, [1]]);
});
