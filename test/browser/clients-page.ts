/** Runs in a page: the newest clients of OpenAI's API, unmodified, each with the engine's `fetch` in place of the network's. */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, streamText } from 'ai';
import OpenAI, { APIConnectionTimeoutError, APIUserAbortError, BadRequestError, NotFoundError } from 'openai';
import { Engine } from '../../src/index';

const baseURL = 'https://api.example.com/v1';
const model = 'gpt-4o-mini';
const settings = { model, temperature: 0, max_tokens: 8 } as const;
const question = { role: 'user', content: 'Hi' } as const;

let engine: Engine;
let client: OpenAI;

/** What the test may ask of the page. */
export const commands = {
  async load(): Promise<void> {
    engine = await Engine.load('/models/test/', { aliases: [model], kv: { contextTokens: 256 } });
    const { fetch } = engine;
    client = new OpenAI({ apiKey: 'none', baseURL, fetch, dangerouslyAllowBrowser: true });
  },

  /** The greedy answer, asked without any client: what all of them must give. */
  async expected(): Promise<string> {
    const { choices } = await engine.chat.completions.create({ ...settings, messages: [question] });
    return choices[0].message.content!;
  },

  async openai() {
    const request = { ...settings, messages: [question] };
    const whole = await client.chat.completions.create(request);
    let streamed = '';
    const stream = await client.chat.completions.create({
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    let numTokens = 0;
    for await (const chunk of stream) {
      streamed += chunk.choices[0]?.delta.content ?? '';
      numTokens = chunk.usage?.completion_tokens ?? numTokens;
    }
    const helper = await client.chat.completions.stream(request).finalContent();
    const response = await client.responses.create({
      model,
      input: 'Hi',
      temperature: 0,
      max_output_tokens: 16,
    });
    const events: string[] = [];
    const responseStream = await client.responses.create({
      model,
      input: 'Hi',
      temperature: 0,
      max_output_tokens: 16,
      stream: true,
    });
    let responseText = '';
    for await (const event of responseStream) {
      events.push(event.type);
      if (event.type === 'response.output_text.delta') responseText += event.delta;
    }
    const models = await client.models.list();
    const completion = await client.completions.create({ model, prompt: 'Once', max_tokens: 4 });
    return {
      texts: [whole.choices[0]!.message.content, streamed, helper],
      numTokens,
      responses: [response.output_text, responseText],
      lastEvent: events.at(-1),
      models: models.data.map(({ id }) => id),
      completion: completion.choices[0]!.text,
    };
  },

  /** What calls fail with that must. */
  async failures() {
    const failureOf = async (call: () => Promise<unknown>) =>
      call().then(
        () => 'no failure',
        (error: unknown) => {
          if (error instanceof APIUserAbortError) return 'aborted';
          if (error instanceof APIConnectionTimeoutError) return 'timed out';
          if (error instanceof BadRequestError) return `400 ${error.param} ${error.code}`;
          if (error instanceof NotFoundError) return `404 ${error.param} ${error.code}`;
          return String(error);
        },
      );
    const create = (fields: object, options?: OpenAI.RequestOptions) => () =>
      client.chat.completions.create({ ...settings, messages: [question], ...fields }, options);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    const long = { max_tokens: 200, ignore_eos: true };
    return [
      await failureOf(create({ temperature: 5 })),
      await failureOf(create({ audio: { voice: 'x', format: 'mp3' } })),
      await failureOf(create({ model: 'gpt-9' })),
      await failureOf(create({ messages: [{ role: 'user', content: 'word '.repeat(500) }] })),
      await failureOf(create(long, { signal: controller.signal })),
      await failureOf(create(long, { timeout: 5, maxRetries: 0 })),
      await failureOf(() => client.embeddings.create({ model, input: 'x' })),
    ];
  },

  async aiSdk() {
    const { fetch } = engine;
    const compatible = createOpenAICompatible({ name: 'longpage', baseURL, fetch, includeUsage: true })(
      model,
    );
    const openai = createOpenAI({ apiKey: 'none', baseURL, fetch });
    const results: { text: string; finishReason: string; outputTokens: number | undefined }[] = [];
    for (const languageModel of [compatible, openai.chat(model), openai(model)]) {
      const options = { model: languageModel, prompt: 'Hi', temperature: 0, maxOutputTokens: 16 };
      const whole = await generateText(options);
      const stream = streamText(options);
      let text = '';
      for await (const piece of stream.textStream) text += piece;
      const { outputTokens } = whole.usage;
      results.push({ text: whole.text, finishReason: whole.finishReason, outputTokens });
      results.push({
        text,
        finishReason: await stream.finishReason,
        outputTokens: (await stream.usage).outputTokens,
      });
    }
    return results;
  },

  async langchain() {
    const chat = new ChatOpenAI({
      apiKey: 'none',
      model,
      temperature: 0,
      maxTokens: 8,
      configuration: { baseURL, fetch: engine.fetch, dangerouslyAllowBrowser: true },
    });
    const whole = await chat.invoke([new HumanMessage('Hi')]);
    let streamed = '';
    for await (const chunk of await chat.stream([new HumanMessage('Hi')])) streamed += chunk.text;
    const withSystem = await chat.invoke([new SystemMessage('Be brief.'), new HumanMessage('Hi')]);
    return { texts: [whole.text, streamed], numTokens: withSystem.usage_metadata?.output_tokens };
  },

  /** Texts and ids of the tokenizer, and counts beside what answers say that they are. */
  async tokens() {
    const text = 'Once upon a time';
    const ids = await engine.tokenize(text);
    const { usage: chat } = await engine.chat.completions.create({ ...settings, messages: [question] });
    const { usage } = await engine.completions.create({ prompt: text, max_tokens: 1 });
    return {
      text: await engine.detokenize(ids),
      numSurrounded: (await engine.tokenize(text, { addSpecialTokens: true })).length,
      counts: [await engine.countTokens(text), await engine.countTokens({ messages: [question] })],
      expected: [usage!.prompt_tokens, chat.prompt_tokens],
      refusal: await engine.detokenize([-1]).catch((error: unknown) => (error as Error).message),
    };
  },

  /** Requests in the engine after everything has ended or been left, and whether it still answers. */
  async dispose(): Promise<{ running: number; waiting: number }> {
    const { requests } = await engine.stats();
    await engine.dispose();
    return { running: requests.running, waiting: requests.waiting };
  },
};

Object.assign(globalThis, { commands });
