/** llama.cpp in a page of the same browser, as WebAssembly on one thread, through the development dependency wllama. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright';
import { benchContextTokens } from './measure';
import type { Peer } from './run-models';
import { serve } from '../serve/static-server.mjs';
import { pageModule } from '../browser/page-module';

const here = dirname(fileURLToPath(import.meta.url));
const wllama = join(here, '../../node_modules/@wllama/wllama/esm');

/** A GGUF file, and a text of which about any number of tokens can be made. */
interface LlamaCppModel {
  readonly ggufPath: string;
  /** How the table calls the file's weights. */
  readonly weights: string;
  readonly contextTokens: number;
  /** A text of about `numTokens` tokens; `round` makes it another one. */
  prompt(numTokens: number, round: number): string;
}

/** The part of llama.cpp's timings that is read here. */
interface Timings {
  readonly prompt_n: number;
  readonly prompt_ms: number;
  readonly predicted_n: number;
  readonly predicted_ms: number;
}

/** Loads the file in a page; undefined when it is not there. */
export async function openLlamaCpp(browser: Browser, model: LlamaCppModel): Promise<Peer | undefined> {
  if (!existsSync(model.ggufPath) || !existsSync(wllama)) return undefined;
  const site = await serve({
    mounts: [
      { prefix: '/bench/', folder: here },
      { prefix: '/wllama/', folder: wllama },
      { prefix: '/model/', folder: dirname(model.ggufPath) },
    ],
    pages: { '/': '<!doctype html><title>llama.cpp</title>' },
  });
  const page = await browser.newPage();
  await page.goto(site.origin);
  const call = pageModule(page, '/bench/llama-cpp-page.mjs');
  const url = `/model/${model.ggufPath.slice(dirname(model.ggufPath).length + 1)}`;
  const contextTokens = Math.min(model.contextTokens, benchContextTokens);
  const { loadMs, version } = await call<{ loadMs: number; version: string }>('load', url, contextTokens);
  let numRuns = 0;
  return {
    engine: `llama.cpp ${version}, 1 CPU thread`,
    weights: model.weights,
    loadMs,
    run: async ({ prefillTokens, decodeTokens }) => {
      const prompt = model.prompt(prefillTokens, numRuns++);
      // The first generated token belongs to the prompt, as it does in ours.
      const timings = await call<Timings>('complete', prompt, decodeTokens + 1);
      return {
        prefillTokensPerSecond: (1000 * timings.prompt_n) / timings.prompt_ms,
        // Its clock starts with the first token, which it counts.
        decodeMsPerToken: timings.predicted_ms / (timings.predicted_n - 1),
      };
    },
    close: async () => {
      await call('close');
      await page.close();
      await site.close();
    },
  };
}
