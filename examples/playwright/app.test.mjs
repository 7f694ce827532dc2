/**
 * How an application with Longpage in it is tested: in headless Chromium, on the software GPU that every Chromium has, and with
 * a tiny model in the place of the real one, which the application does not notice. What the model says is nonsense; that the
 * application shows it is what is tested. `APP_URL` is where the application is served, `TINY_MODEL` the tiny model's folder.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright';

const { APP_URL, TINY_MODEL, BROWSER } = process.env;

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  });
});
after(() => browser?.close());

test('the page shows an answer', async () => {
  const page = await browser.newPage();
  await page.route('**/models/scout/*', (route) => {
    const path = join(TINY_MODEL, new URL(route.request().url()).pathname.split('/').at(-1));
    return route.fulfill(existsSync(path) ? { path } : { status: 404 });
  });
  await page.goto(APP_URL);
  // Waits for what the application does, not for a time: a software GPU may be slow.
  await page.waitForFunction(() => document.title === 'Done', null, { timeout: 0 });
  assert.notEqual(await page.locator('#out').textContent(), '');
});

test('the page says what went wrong where there is no model', async () => {
  const page = await browser.newPage();
  const failure = page.waitForEvent('pageerror', { timeout: 0 });
  await page.route('**/models/scout/*', (route) => route.fulfill({ status: 404 }));
  await page.goto(APP_URL);
  assert.match((await failure).message, /config\.json/);
});
