/** `npm run example NAME`: serves an example and says where, or runs the one that is a test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureLibrary } from '../build/ensure-library.mjs';
import { findBrowser } from '../setup/find-browser.mjs';
import { pageExamples, serveExample } from './serve.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const names = [...pageExamples, 'playwright'];

/** Runs the test of an application, beside the server of this process. @returns its exit code */
async function runPlaywright(url) {
  const browser = await findBrowser();
  const env = {
    ...process.env,
    APP_URL: url,
    TINY_MODEL: join(root, 'test/fixtures/models/tiny-llama'),
    ...(browser && { BROWSER: browser.path }),
  };
  const child = spawn(process.execPath, ['--test', 'examples/playwright/app.test.mjs'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  return code;
}

const [name] = process.argv.slice(2);
if (!names.includes(name)) {
  console.error(`npm run example NAME, one of: ${names.join(', ')}.`);
  process.exitCode = 2;
} else {
  ensureLibrary();
  const { url, close } = await serveExample(name === 'playwright' ? 'vite' : name);
  if (name === 'playwright') {
    process.exitCode = (await runPlaywright(url)) ?? 1;
    await close();
  } else console.log(`${name}: ${url}`);
}
