/**
 * Goldens by llama.cpp, run as WebAssembly in headless Chromium through wllama (CPU, one thread, f32 KV cache):
 * `npx tsx tools/goldens/llama-cpp.ts tiny-llama|stories260K`. Writes test/fixtures/goldens/llama-cpp/NAME.json.
 * `LONGPAGE_BROWSER` names another Chromium than /usr/bin/chromium.
 */
import { createServer } from 'node:http';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Tokenizer } from '@huggingface/tokenizers';
import { chromium } from 'playwright';
import { modelConfigJson, modelTensors, readModelFolder, tinyLlamaModel } from '../tiny-models/models';
import type * as WllamaModule from '@wllama/wllama/esm/index.js';
import type { HfConfig } from '../tiny-models/model-weights';
import { writeGguf } from './gguf';

/** The part of llama.cpp's completion result that is read here. */
interface CompletionResult {
  readonly choices: readonly [{ readonly logprobs: { readonly content: readonly StepResult[] } }];
  readonly usage: { readonly prompt_tokens: number };
}

interface StepResult {
  readonly id: number;
  readonly top_logprobs: readonly { readonly id: number; readonly logprob: number }[];
}

const unit = 1e-4;
const numTop = 20;

/** Prompt texts (llama.cpp tokenizes them and puts the BOS token first) and the number of steps after each. */
const runs = {
  'tiny-llama': [
    { text: 'the whale', numSteps: 200 },
    { text: 'In the end of the long page, he said 42 times: that is all!', numSteps: 48 },
    { text: 'She sat at the window and read to them all. '.repeat(11), numSteps: 48 },
  ],
  stories260K: [
    { text: 'Once upon a time', numSteps: 200 },
    { text: 'Lily and her dog went to the park. They saw a big', numSteps: 48 },
  ],
} as const;

const name = process.argv[2] as keyof typeof runs;
if (!(name in runs)) throw new Error(`name one of ${Object.keys(runs).join(', ')}`);

const shared = new URL(`../../../shared/models/${name}/`, import.meta.url);
const model = name === 'tiny-llama' ? tinyLlamaModel() : readModelFolder(name, shared);
const readJson = (path: string) => JSON.parse(new TextDecoder().decode(model.files.get(path))) as object;
const tokenizer = new Tokenizer(readJson('tokenizer.json'), readJson('tokenizer_config.json'));
const gguf =
  name === 'tiny-llama'
    ? writeGguf(modelConfigJson(model) as HfConfig, modelTensors(model))
    : model.files.get(`${name}-f32.gguf`)!;

const wllama = new URL('../../node_modules/@wllama/wllama/', import.meta.url);
const files: Record<string, { type: string; body: Uint8Array | string }> = {
  '/': { type: 'text/html', body: '<!doctype html><title>goldens</title><link rel="icon" href="data:," />' },
  '/index.js': { type: 'text/javascript', body: readFileSync(new URL('esm/index.js', wllama)) },
  '/wllama.wasm': { type: 'application/wasm', body: readFileSync(new URL('esm/wasm/wllama.wasm', wllama)) },
  '/model.gguf': { type: 'application/octet-stream', body: gguf },
};
const server = createServer((request, response) => {
  const file = files[request.url!];
  response.writeHead(file ? 200 : 404, file && { 'content-type': file.type });
  response.end(file?.body);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

const browser = await chromium.launch({
  executablePath: process.env.LONGPAGE_BROWSER ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});
try {
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') process.stderr.write(`${message.text()}\n`);
  });
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { version, results } = await page.evaluate(
    async ({ requests, numTop }) => {
      const url = new URL('/index.js', location.href).href;
      const module = (await import(/* @vite-ignore */ url)) as typeof WllamaModule;
      const engine = new module.Wllama({ default: '/wllama.wasm' }, { suppressNativeLog: true });
      const model = await (await fetch('/model.gguf')).blob();
      await engine.loadModel([model], {
        n_ctx: 1024,
        n_threads: 1,
        n_gpu_layers: 0,
        n_parallel: 1,
        cache_type_k: 'f32',
        cache_type_v: 'f32',
        flash_attn: false,
      });
      const results = [];
      for (const { text, numSteps } of requests) {
        // llama.cpp knows more settings than wllama's types do.
        const request = {
          prompt: text,
          max_tokens: numSteps,
          temperature: 0,
          n_probs: numTop,
          cache_prompt: false,
        };
        results.push(await engine.createCompletion(request));
      }
      await engine.exit();
      return { version: module.Wllama.getLibllamaVersion(), results };
    },
    { requests: [...runs[name]], numTop },
  );
  const cases = (results as unknown as CompletionResult[]).map(({ choices: [choice], usage }, index) => {
    const { text, numSteps } = runs[name][index]!;
    const prompt = tokenizer.encode(text).ids;
    const steps = choice.logprobs.content;
    if (prompt.length !== usage.prompt_tokens) throw new Error(`'${text}' is tokenized differently`);
    if (steps.length !== numSteps) throw new Error(`'${text}' ended after ${steps.length} steps`);
    return {
      text,
      prompt,
      tokens: steps.map((step) => step.id),
      ids: steps.map((step) => step.top_logprobs.map((entry) => entry.id)),
      logprobs: steps.map((step) => step.top_logprobs.map((entry) => Math.round(entry.logprob / unit))),
    };
  });
  const engine = `llama.cpp ${version} by @wllama/wllama`;
  const target = new URL('../../test/fixtures/goldens/llama-cpp/', import.meta.url);
  mkdirSync(target, { recursive: true });
  writeFileSync(new URL(`${name}.json`, target), `${JSON.stringify({ engine, unit, cases })}\n`);
} finally {
  await browser.close();
  server.close();
}
