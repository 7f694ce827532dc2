/**
 * `npm run eval`: how well a model answers under each setting of the KV cache, against dense attention. Tables on the screen, JSON
 * and a chart in `.cache/eval/`. Exit code 0: measured; 2: called wrongly; 1: the rest.
 */
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { openEnginePage } from '../browser/engine-page';
import { launchBrowser } from '../browser/launch.mjs';
import { runCommand } from '../command-line/run';
import { runInNode } from '../node/run-in-node';
import { describeAdapter } from './adapter';
import type { EvalEngine, EvalRequest } from './evaluate';
import { parseOptions, usage, type EvalOptions } from './options';
import { runEval } from './run-eval';
import { disabledFeatures } from './settings';

async function openBrowserEngine(browser: Browser, location: string, kv: object): Promise<EvalEngine> {
  const page = await openEnginePage(browser, location, { kv, disabledFeatures });
  return {
    answer: async ({ document, messages, maxTokens, isExact }: EvalRequest) => {
      const { choices, usage } = await page.chat({
        messages: [...messages],
        document: { text: document },
        max_tokens: maxTokens,
        temperature: 0,
        exact: isExact,
      });
      return {
        text: choices[0].message.content ?? '',
        numPromptTokens: usage.prompt_tokens,
        numCachedTokens: usage.prompt_tokens_details.cached_tokens,
        numTokens: usage.completion_tokens,
      };
    },
    stats: async () => describeAdapter(await page.stats()),
    dispose: () => page.dispose(),
  };
}

async function runInBrowser(options: EvalOptions): Promise<void> {
  let browser: Browser | undefined;
  try {
    await runEval(options, {
      name: 'Chromium',
      root: join(import.meta.dirname, '../..'),
      open: async ({ location }, kv) => {
        browser ??= await launchBrowser({ adapter: 'system' });
        return openBrowserEngine(browser, location, kv);
      },
    });
  } finally {
    await browser?.close();
  }
}

runCommand(async () => {
  const args = process.argv.slice(2);
  const options = parseOptions(args);
  if (options === 'help') console.log(usage);
  else if (options.runner === 'browser') await runInBrowser(options);
  else process.exitCode = await runInNode('tools/eval/node.ts', 'eval', args);
});
