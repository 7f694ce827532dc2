/**
 * `npm run profile`: how long a model's KV heads keep looking at the same pages, as a map on the screen and as the profile by
 * which engines choose their unstable heads. Exit code 0: measured; 2: called wrongly; 1: the rest.
 */
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { openEnginePage } from '../browser/engine-page';
import { launchBrowser } from '../browser/launch.mjs';
import { runCommand } from '../command-line/run';
import { runInNode } from '../node/run-in-node';
import type { ProfileInput } from './inputs';
import { parseOptions, usage, type ProfileOptions } from './options';
import { runProfile, type ProfileEngine } from './run-profile';

async function openBrowserEngine(browser: Browser, location: string, kv: object): Promise<ProfileEngine> {
  const page = await openEnginePage(browser, location, { kv });
  return {
    write: async ({ text, question, maxTokens }: ProfileInput) => {
      const common = { max_tokens: maxTokens, temperature: 0 };
      const { usage } =
        question === undefined
          ? await page.complete({ ...common, prompt: text, ignore_eos: true })
          : await page.chat({
              ...common,
              messages: [{ role: 'user', content: question }],
              document: { text },
            });
      return usage!.completion_tokens;
    },
    headProfile: () => page.headProfile(),
    dispose: () => page.dispose(),
  };
}

async function runInBrowser(options: ProfileOptions): Promise<void> {
  let browser: Browser | undefined;
  try {
    await runProfile(options, {
      root: join(import.meta.dirname, '../..'),
      open: async (location, _, kv) => {
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
  else process.exitCode = await runInNode('tools/profile/node.ts', 'profile', args);
});
