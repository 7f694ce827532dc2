/**
 * `npm run profile`: how long a model's KV heads keep looking at the same pages, as a map on the screen and as the profile by
 * which engines choose their unstable heads. Exit code 0: measured; 2: called wrongly; 1: the rest.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { launchBrowser } from '../browser/launch.mjs';
import { buildNodeBundle, dawnPath } from '../build/node-bundle';
import { gpuEnvironment } from '../setup/gpu-environment.mjs';
import { openBrowserEngine } from './browser-engine';
import { parseOptions, usage, UsageError, type ProfileOptions } from './options';
import { runProfile } from './run-profile';

const root = join(import.meta.dirname, '../..');

/** Builds the bundle and runs it to its end with its own output. */
async function runInNode(args: readonly string[]): Promise<void> {
  const bundle = await buildNodeBundle('tools/profile/node.ts', 'profile');
  const { status } = spawnSync(process.execPath, [bundle, ...args], {
    cwd: root,
    env: { LONGPAGE_DAWN: dawnPath(), ...process.env, ...gpuEnvironment(process.env['LONGPAGE_BROWSER']) },
    stdio: 'inherit',
  });
  // The program has said what went wrong.
  process.exitCode = status ?? 1;
}

async function runInBrowser(options: ProfileOptions): Promise<void> {
  let browser: Browser | undefined;
  try {
    await runProfile(options, {
      root,
      open: async (location, _, kv) => {
        browser ??= await launchBrowser({ adapter: 'system' });
        return openBrowserEngine(browser, location, kv);
      },
    });
  } finally {
    await browser?.close();
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === 'help') console.log(usage);
  else if (options.runner === 'browser') await runInBrowser(options);
  else await runInNode(args);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  console.error(error instanceof UsageError ? error.message : error);
});
