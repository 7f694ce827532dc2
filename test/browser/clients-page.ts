/** Runs in a page: the newest clients of OpenAI's API, unmodified, each with the engine's `fetch` in place of the network's. */
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import OpenAI, { APIConnectionTimeoutError, APIUserAbortError, BadRequestError, NotFoundError } from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { embeddingModel, longpage } from '../../src/ai-sdk/index';
import { Engine } from '../../src/index';
import { converse } from './use-chat';

const baseURL = 'https://api.example.com/v1';
const model = 'gpt-4o-mini';
const settings = { model, temperature: 0, max_tokens: 8 } as const;
const question = { role: 'user', content: 'Hi' } as const;

/** Whatever the model says, it says one of few things. */
const verdict = z.object({ ok: z.boolean(), kind: z.enum(['good', 'bad']) });
const place = z.object({ city: z.enum(['Bern', 'Rome']) });
/** What a tool was called with. */
const weatherOf =
  (cities: string[]) =>
  ({ city }: z.infer<typeof place>) => {
    cities.push(city);
    return `Sunny in ${city}.`;
  };

let engine: Engine;
let client: OpenAI;

/** What the test may ask of the page. */
export const commands = {
  async load(): Promise<void> {
    engine = await Engine.load('/models/test/', { aliases: [model], kv: { contextTokens: 1024 } });
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

  /** Objects by a schema, from every client's own helper; each checks them itself. */
  async structured() {
    const parsed = await client.chat.completions.parse({
      model,
      messages: [question],
      response_format: zodResponseFormat(verdict, 'verdict'),
    });
    const stream = client.chat.completions.stream({
      model,
      messages: [question],
      response_format: zodResponseFormat(verdict, 'verdict'),
    });
    const { fetch } = engine;
    const compatible = createOpenAICompatible({
      name: 'longpage',
      baseURL,
      fetch,
      supportsStructuredOutputs: true,
    })(model);
    const openai = createOpenAI({ apiKey: 'none', baseURL, fetch });
    const objects: unknown[] = [
      parsed.choices[0]!.message.parsed,
      (await stream.finalChatCompletion()).choices[0]!.message.parsed,
    ];
    for (const languageModel of [compatible, openai.chat(model), openai(model), longpage(engine)]) {
      // oxlint-disable-next-line typescript/no-deprecated -- what applications call
      const { object } = await generateObject({ model: languageModel, prompt: 'Hi', schema: verdict });
      objects.push(object);
    }
    const chat = new ChatOpenAI({
      apiKey: 'none',
      model,
      configuration: { baseURL, fetch, dangerouslyAllowBrowser: true },
    });
    for (const method of ['jsonSchema', 'functionCalling'] as const) {
      objects.push(await chat.withStructuredOutput(verdict, { method, name: 'verdict' }).invoke('Hi'));
    }
    return objects;
  },

  /** Two rounds of calls, run by every client's own loop: cities that its tool was called with. */
  async tools() {
    const parameters = z.toJSONSchema(place) as Record<string, unknown>;
    const ran: string[] = [];
    const runner = client.chat.completions.runTools(
      {
        model,
        messages: [question],
        parallel_tool_calls: false,
        tool_choice: 'required',
        tools: [
          {
            type: 'function',
            function: {
              name: 'weather',
              description: 'Tells the weather.',
              parameters,
              parse: (text: string) => place.parse(JSON.parse(text)),
              function: weatherOf(ran),
            },
          },
        ],
      },
      { maxChatCompletions: 2 },
    );
    await runner.done();
    const results = runner.messages.filter(({ role }) => role === 'tool').length;

    const { fetch } = engine;
    const openai = createOpenAI({ apiKey: 'none', baseURL, fetch });
    const compatible = createOpenAICompatible({ name: 'longpage', baseURL, fetch })(model);
    const streamed: string[][] = [];
    for (const languageModel of [compatible, openai.chat(model), openai(model)]) {
      const cities: string[] = [];
      const stream = streamText({
        model: languageModel,
        prompt: 'Hi',
        toolChoice: 'required',
        tools: { weather: tool({ inputSchema: place, execute: weatherOf(cities) }) },
        providerOptions: { openai: { parallelToolCalls: false }, longpage: { parallel_tool_calls: false } },
        stopWhen: stepCountIs(2),
      });
      const steps = await stream.steps;
      streamed.push([...cities, ...steps.map(({ finishReason }) => finishReason)]);
    }

    const bound: string[] = [];
    const chat = new ChatOpenAI({
      apiKey: 'none',
      model,
      configuration: { baseURL, fetch, dangerouslyAllowBrowser: true },
    }).bindTools(
      [langchainTool(weatherOf(bound), { name: 'weather', description: 'Tells it.', schema: place })],
      {
        tool_choice: 'required',
        parallel_tool_calls: false,
      },
    );
    const first = await chat.invoke('Hi');
    const call = first.tool_calls![0]!;
    const result = new ToolMessage({
      content: weatherOf(bound)(place.parse(call.args)),
      tool_call_id: call.id!,
    });
    const second = await chat.invoke([new HumanMessage('Hi'), first, result]);
    bound.push(...second.tool_calls!.map(({ args }) => place.parse(args).city));
    return { ran, results, streamed, bound };
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
      await failureOf(
        create({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { not: {} } } } }),
      ),
      await failureOf(create({ audio: { voice: 'x', format: 'mp3' } })),
      await failureOf(create({ model: 'gpt-9' })),
      await failureOf(create({ messages: [{ role: 'user', content: 'word '.repeat(2000) }] })),
      await failureOf(create(long, { signal: controller.signal })),
      await failureOf(create(long, { timeout: 5, maxRetries: 0 })),
      await failureOf(() => client.images.generate({ model, prompt: 'x' })),
    ];
  },

  /** `useChat`, on the engine itself and through the provider for OpenAI's API; then with a tool, in two rounds. */
  async useChat() {
    const { fetch } = engine;
    const settings = { temperature: 0, maxOutputTokens: 8 };
    const plain: Awaited<ReturnType<typeof converse>>[] = [];
    const models = [longpage(engine), createOpenAICompatible({ name: 'longpage', baseURL, fetch })(model)];
    for (const languageModel of models) plain.push(await converse(languageModel, 'Hi', settings));
    const cities: string[] = [];
    const withTools = await converse(longpage(engine), 'Hi', {
      tools: { weather: tool({ inputSchema: place, execute: weatherOf(cities) }) },
      toolChoice: 'required',
      providerOptions: { longpage: { parallel_tool_calls: false } },
      stopWhen: stepCountIs(2),
    });
    return { plain, cities, outputs: withTools.outputs };
  },

  /** The vectors of two texts, by every client that has them; the client of OpenAI's asks for base64 unless it is told otherwise. */
  async embeddings() {
    const input = ['the cat', 'a hen'];
    const { fetch } = engine;
    const plain = await client.embeddings.create({ model, input, encoding_format: 'float' });
    const usual = await client.embeddings.create({ model, input });
    const compatible = createOpenAICompatible({ name: 'longpage', baseURL, fetch }).embeddingModel(model);
    const openai = createOpenAI({ apiKey: 'none', baseURL, fetch }).embedding(model);
    const vectors = [plain, usual].map(({ data }) => data.map(({ embedding }) => embedding));
    for (const sdkModel of [compatible, openai, embeddingModel(engine)]) {
      vectors.push((await embedMany({ model: sdkModel, values: input })).embeddings);
    }
    const langchain = new OpenAIEmbeddings({
      apiKey: 'none',
      model,
      configuration: { baseURL, fetch, dangerouslyAllowBrowser: true },
    });
    vectors.push(await langchain.embedDocuments(input));
    return { vectors, numTokens: usual.usage.prompt_tokens };
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
    return {
      texts: [whole.text, streamed],
      numTokens: (withSystem.usage_metadata as { output_tokens: number } | undefined)?.output_tokens,
    };
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
