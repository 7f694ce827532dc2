/** The built page in a real browser, under the policy that README gives hosts, and what its tests do with it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright';
import { expect } from 'vitest';
import { serve } from '../../tools/serve/static-server.mjs';
import { contentSecurityPolicy } from './readme';

const root = join(import.meta.dirname, '../..');

/** A model that knows nothing, answers at length, and is there at once. */
export const tinyModelFolder = join(root, 'test/fixtures/models/tiny-llama');

/** An ignored folder: for people who want to look at what the tests saw. */
const screenshots = join(root, '.cache/screenshots');

/** A page under test, and what it complained of: violations of the policy and errors that nobody caught. */
export interface Visit {
  readonly page: Page;
  readonly complaints: string[];
}

/** What a host may do otherwise. */
export interface SiteOptions {
  /** A model in Scout's place. */
  readonly modelFolder?: string;
  /** Texts in the place of files, by path. */
  readonly pages?: Record<string, string>;
  /** Further origins that the policy lets the page talk to, as a host may add them. */
  readonly origins?: string;
}

/** Serves the site as a strict host would. */
export async function serveSite({ modelFolder, pages = {}, origins = '' }: SiteOptions = {}) {
  mkdirSync(screenshots, { recursive: true });
  const policy = contentSecurityPolicy().replace("connect-src 'self'", `$& ${origins}`);
  return serve({
    mounts: [
      { prefix: '/', folder: join(root, 'site') },
      ...(modelFolder ? [{ prefix: '/models/scout/', folder: modelFolder }] : []),
    ],
    pages,
    headers: { 'Content-Security-Policy': policy },
  });
}

/** Opens an address in a context of its own. */
export async function visit(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  return visitIn(await browser.newContext(options), address);
}

/** Opens an address in a context that others may share. */
export async function visitIn(context: BrowserContext, address: string): Promise<Visit> {
  // A software GPU on a busy machine takes its time to compile.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content.Security.Policy/i.test(message.text()))
      complaints.push(message.text());
  });
  await page.goto(address);
  return { page, complaints };
}

/** Where a question is typed. */
export const input = (page: Page) => page.getByLabel('Your question', { exact: true });

/** The answers, first to last. */
export const answers = (page: Page) => page.locator('.answer .content');

/** Their texts as they are shown. */
export const answerTexts = (page: Page) =>
  answers(page).evaluateAll((found) => found.map(({ shadowRoot }) => shadowRoot?.textContent?.trim() ?? ''));

/** Until a model is loaded and a question can be sent. Only where a chat is open. */
export const untilReady = (page: Page) =>
  page
    .getByRole('button', { name: 'Ask', exact: true })
    .and(page.locator(':enabled'))
    .waitFor({ timeout: 300_000 });

/** Takes the offer to read a document; resolves once it is read to its end. */
export async function read(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Read it' }).and(page.locator(':enabled')).click();
  await page.getByText('Read to its end.').waitFor();
  await untilReady(page);
}

/** Opens the chat that has no document. */
export async function chatWithoutDocument(page: Page): Promise<void> {
  const library = page.getByRole('button', { name: 'Library' });
  if (await library.isVisible()) await library.click();
  await page.getByRole('button', { name: 'Chat without a document' }).click();
  await untilReady(page);
}

/** Asks, and resolves once the answer has its first words. It may be over then: nobody need have seen the button that stops it. */
export async function askForFirstWords(page: Page, question: string, timeout = 60_000): Promise<void> {
  const numBefore = (await answerTexts(page)).length;
  await input(page).fill(question);
  await page.keyboard.press('Enter');
  const firstWords = async () => (await answerTexts(page))[numBefore] ?? '';
  await expect.poll(firstWords, { interval: 50, timeout }).not.toBe('');
}

/** Asks, and resolves to the whole answer. */
export async function ask(page: Page, question: string): Promise<string> {
  await askForFirstWords(page, question);
  await untilReady(page);
  return (await answerTexts(page)).at(-1)!;
}

/** Takes a picture for people. */
export async function photograph(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** A scan for what keeps people out finds nothing. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
}

/** Nothing hangs out to the right. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
}

/** Closes the page, its context with it, and holds it to its silence. */
export async function leave({ page, complaints }: Visit, screenshot: string): Promise<void> {
  await photograph(page, screenshot);
  await page.context().close();
  expect(complaints).toEqual([]);
}
