/** The examples as a person runs them, with a tiny model in the place of Scout: one browser, and the library as it was built. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serveExample } from '../../tools/examples/serve.mjs';
import { codeBlockUnder } from '../support/readme';
import { readFileSync } from 'node:fs';

const root = join(import.meta.dirname, '../..');
const tinyModel = join(root, 'test/fixtures/models/tiny-llama');

let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser.close());

/** Opens an example with the tiny model and lets `look` at it; errors of the page fail the test. */
async function inExample(name: string, look: (page: Page) => Promise<void>): Promise<void> {
  const { url, close } = await serveExample(name);
  const page = await browser.newPage();
  page.setDefaultTimeout(0);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.route('**/models/scout/*', (route) => {
    const path = join(tinyModel, new URL(route.request().url()).pathname.split('/').at(-1)!);
    return route.fulfill(existsSync(path) ? { path } : { status: 404 });
  });
  try {
    await page.goto(url);
    await look(page);
    expect(errors).toEqual([]);
  } finally {
    await page.close();
    await close();
  }
}

test.each(['vite', 'script-tag'])('%s shows an answer', (name) =>
  inExample(name, async (page) => {
    await page.waitForFunction(() => document.title === 'Done');
    expect(await page.locator('#out').textContent()).not.toBe('');
  }),
);

test('vite is the quick start of README', () => {
  expect(readFileSync(join(root, 'examples/vite/main.js'), 'utf8').trim()).toBe(
    codeBlockUnder('Quick start').trim(),
  );
});

test('react answers what is asked', () =>
  inExample('react', async (page) => {
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.locator('#out[aria-busy=false]', { hasText: /./ }).waitFor();
  }));

test('web-component answers what is asked, and again when it was taken away and put back', () =>
  inExample('web-component', async (page) => {
    const ask = async (count: number) => {
      await page.getByLabel('Question').fill('Hello?');
      await page.getByRole('button', { name: 'Ask' }).click();
      await page
        .locator('li.assistant')
        .nth(count - 1)
        .filter({ hasText: /./ })
        .waitFor();
      await page.getByRole('button', { name: 'Ask' }).and(page.locator(':enabled')).waitFor();
    };
    await ask(1);
    await page.evaluate(() => {
      const chat = document.querySelector('long-chat')!;
      const { parentNode } = chat;
      chat.remove();
      parentNode!.append(chat);
    });
    await ask(2);
    expect(await page.getByRole('status').textContent()).toBe('');
  }));

test('document-chat reads a text, answers with passages of it, and has it still when it is opened again', () =>
  inExample('document-chat', async (page) => {
    const text = 'The lighthouse stands on the northern cape. Its keeper is called Ada. '.repeat(8);
    await page.getByText('Ready for a text.').waitFor();
    await page.getByLabel('Text').fill(text);
    await page.getByRole('button', { name: 'Read' }).click();
    await page.getByText('Read.').waitFor();
    await page.getByLabel('Question').fill('Who keeps the lighthouse?');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('Answered.').waitFor();
    expect(await page.locator('#answer').textContent()).not.toBe('');
    const passages = await page.locator('#sources li').allTextContents();
    expect(passages.length).toBeGreaterThan(0);
    for (const passage of passages) expect(text).toContain(passage);
    await page.reload();
    await page.getByText('the text was read another time').waitFor();
    expect(await page.getByLabel('Text').inputValue()).toBe(text);
  }));

test('playwright passes by its command', async () => {
  const child = spawn(process.execPath, [join(root, 'tools/examples/example.mjs'), 'playwright']);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (output += part));
  const [code] = (await once(child, 'close')) as [number];
  expect(code, output).toBe(0);
  expect(output).toMatch(/pass 2\b/);
});
