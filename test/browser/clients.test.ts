/** Clients that were written for a server, unmodified, in a real page with the engine's `fetch`. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { wgsl } from '../../tools/vite/wgsl-plugin';
import type { commands } from './clients-page';

/** As the model's own, and with tools as Hermes has them. */
const template =
  '{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools><tool_call>{% endif %}' +
  "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}" +
  '{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}' +
  '<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

type Commands = typeof commands;

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;
/** Addresses outside this site that were asked for. */
const foreign: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longpage-clients-'));
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    base: './',
    plugins: [wgsl()],
    worker: { format: 'es', plugins: () => [wgsl()] },
    build: {
      outDir: join(folder, 'page'),
      emptyOutDir: true,
      target: 'es2023',
      minify: false,
      rolldownOptions: {
        input: join(import.meta.dirname, 'clients-page.ts'),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  // The test model, with a template that knows tools.
  const model = join(folder, 'model');
  cpSync(join(import.meta.dirname, '../fixtures/models/tiny-llama'), model, { recursive: true });
  writeFileSync(join(model, 'chat_template.jinja'), template);
  mkdirSync(join(model, '1_Pooling'));
  writeFileSync(join(model, '1_Pooling/config.json'), '{"pooling_mode":"mean"}');
  server = await serve({
    mounts: [
      { prefix: '/', folder: join(folder, 'page') },
      { prefix: '/models/test/', folder: model },
    ],
    pages: {
      '/': '<!doctype html><title>Clients</title><script type="module" src="page.js"></script>',
    },
  });
  browser = await launchBrowser();
  page = await browser.newPage();
  page.on('request', (request) => {
    if (!request.url().startsWith(server.origin)) foreign.push(request.url());
  });
  await page.goto(server.origin);
  await page.waitForFunction(() => 'commands' in globalThis);
  await ask('load');
});

afterAll(async () => {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

function ask<Name extends keyof Commands>(name: Name): Promise<Awaited<ReturnType<Commands[Name]>>> {
  return page.evaluate(
    (command) => (globalThis as unknown as { commands: Record<string, () => unknown> }).commands[command]!(),
    name,
  ) as Promise<Awaited<ReturnType<Commands[Name]>>>;
}

test('openai: create, stream, helper, responses, models, completions', async () => {
  const expected = await ask('expected');
  expect(expected).not.toBe('');
  const { texts, numTokens, responses, lastEvent, models, completion } = await ask('openai');
  expect(texts).toEqual([expected, expected, expected]);
  expect(numTokens).toBe(8);
  expect(responses[0]).toBe(responses[1]);
  expect(responses[0]!.startsWith(expected)).toBe(true);
  expect(['response.completed', 'response.incomplete']).toContain(lastEvent);
  expect(models).toEqual(['test', 'gpt-4o-mini']);
  expect(completion).not.toBe('');
});

test('openai: errors have their classes, an abort and a timeout are known as such', async () => {
  expect(await ask('failures')).toEqual([
    '400 temperature null',
    '400 response_format.json_schema.schema unsupported',
    '400 audio unsupported',
    '404 model model_not_found',
    '400 null context_length_exceeded',
    'aborted',
    'timed out',
    expect.stringMatching(/^404 null unknown_url/),
  ]);
});

test('the AI SDK, with both of its providers', async () => {
  const results = await ask('aiSdk');
  expect(results).toHaveLength(6);
  const expected = await ask('expected');
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]!.text.startsWith(expected)).toBe(true);
  expect(results[0]!.outputTokens).toBeGreaterThan(0);
});

test('LangChain', async () => {
  const expected = await ask('expected');
  const { texts, numTokens } = await ask('langchain');
  expect(texts).toEqual([expected, expected]);
  expect(numTokens).toBe(8);
});

test('objects by a schema: parse, stream, generateObject, withStructuredOutput', async () => {
  const objects = await ask('structured');
  expect(objects).toHaveLength(8);
  for (const object of objects) {
    expect(object).toEqual({
      ok: expect.any(Boolean) as boolean,
      kind: expect.stringMatching(/^(good|bad)$/) as string,
    });
  }
});

test('tools in two rounds: runTools, streamText, bindTools', async () => {
  const { ran, results, streamed, bound } = await ask('tools');
  const city = expect.stringMatching(/^(Bern|Rome)$/) as string;
  expect([ran, results, bound]).toEqual([[city, city], 2, [city, city]]);
  for (const steps of streamed) expect(steps).toEqual([city, city, 'tool-calls', 'tool-calls']);
});

test('useChat: an answer as it comes, and tools in two rounds', async () => {
  const expected = await ask('expected');
  const { plain, cities, outputs } = await ask('useChat');
  for (const { text, statuses } of plain) {
    expect(text).toBe(expected);
    expect(statuses).toEqual(['ready', 'submitted', 'streaming', 'ready']);
  }
  expect(cities).toHaveLength(2);
  expect(outputs).toEqual(cities.map((city) => `Sunny in ${city}.`));
});

test('embeddings, by every client that has them', async () => {
  const { vectors, numTokens } = await ask('embeddings');
  expect(numTokens).toBeGreaterThan(3);
  for (const [first, second] of vectors) {
    expect(Math.hypot(...first!)).toBeCloseTo(1, 5);
    expect(first).not.toEqual(second);
  }
  for (const own of vectors) expect(own).toEqual(vectors[0]);
});

test('texts are tokenized and back, and prompts are counted as they are answered', async () => {
  const { text, numSurrounded, counts, expected, refusal } = await ask('tokens');
  expect(text).toBe('Once upon a time');
  expect(counts).toEqual(expected);
  expect(numSurrounded).toBe(expected[0]);
  expect(refusal).toMatch(/^"ids\[0\]" must be between 0 and \d+, not -1\.$/);
});

test('nothing went over the network, and nothing is left running', async () => {
  expect(foreign).toEqual([]);
  expect(await ask('dispose')).toEqual({ running: 0, waiting: 0 });
});
