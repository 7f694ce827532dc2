/** llama.cpp in a page, as WebAssembly on one thread, through the development dependency wllama. */
import { basename, dirname, join, resolve } from 'node:path';
import { launchBrowser } from '../browser/launch.mjs';
import { pageModule } from '../browser/page-module';
import { serve } from '../serve/static-server.mjs';
import type { Step } from './compare';

const root = join(import.meta.dirname, '../..');
const numTop = 20;

/**
 * Greedy steps of llama.cpp after texts, weights as in the GGUF file `model`, keys and values in f32.
 * @throws Error when a text has another number of tokens than its `ids`
 */
export async function runLlamaCpp(
  model: string,
  prompts: readonly { readonly text: string; readonly ids: readonly number[] }[],
  numSteps: number,
): Promise<{ version: string; steps: Step[][] }> {
  const site = await serve({
    mounts: [
      { prefix: '/verify/', folder: import.meta.dirname },
      { prefix: '/wllama/', folder: join(root, 'node_modules/@wllama/wllama/esm') },
      { prefix: '/model/', folder: dirname(resolve(model)) },
    ],
    pages: { '/': '<!doctype html><title>llama.cpp</title>' },
  });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(site.origin);
    const call = pageModule(page, '/verify/llama-cpp-page.mjs');
    const longest = Math.max(...prompts.map(({ ids }) => ids.length));
    const version = await call<string>('load', `/model/${basename(model)}`, longest + numSteps + 16);
    const steps: Step[][] = [];
    for (const { text, ids } of prompts) {
      const answer = await call<{ steps: Step[]; promptTokens: number }>('complete', text, numSteps, numTop);
      if (answer.promptTokens !== ids.length)
        throw new Error(`llama.cpp counts ${answer.promptTokens} tokens where ${ids.length} were given.`);
      steps.push(answer.steps);
    }
    return { version, steps };
  } finally {
    await browser.close();
    await site.close();
  }
}
