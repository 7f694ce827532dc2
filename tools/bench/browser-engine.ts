/** The built library in headless Chromium, as the benchmark drives it. */
import { join } from 'node:path';
import type { Browser } from 'playwright';
import type { KvOptions } from '../../src/runner/memory-plan';
import type { BenchEngine } from './measure';
import type { BenchModel } from './models';
import { openEnginePage } from '../browser/engine-page';
import { serveSource } from './serve-source';

/** Loads a model in a page of its own. @throws Error with what the engine says */
export async function openBrowserEngine(
  browser: Browser,
  { source, weights, location }: BenchModel,
  kv: KvOptions,
): Promise<BenchEngine> {
  // A GGUF file is served as it is; what has no files is served as it is made.
  const files = location?.endsWith('.gguf') ? undefined : await serveSource(source);
  try {
    const page = await openEnginePage(browser, files?.url ?? location!, { ...(weights && { weights }), kv });
    return {
      isSoftware: await page.isSoftware(),
      complete: async (promptIds, maxTokens) => {
        const { usage } = await page.complete({
          prompt: [...promptIds],
          max_tokens: maxTokens,
          temperature: 0,
          ignore_eos: true,
        });
        const numTokens = usage!.completion_tokens;
        if (numTokens !== maxTokens) {
          throw new Error(`${numTokens} tokens were generated, not ${maxTokens}.`);
        }
      },
      stats: () => page.stats(),
      dispose: async () => {
        await page.dispose();
        await files?.close();
      },
    };
  } catch (error) {
    await files?.close();
    throw error;
  }
}

/** The folder of this repository. */
export const repositoryRoot = join(import.meta.dirname, '../..');
