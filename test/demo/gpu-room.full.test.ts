/** A GPU that runs out of memory for real, by a limit on the browser's GPU process. */
import { afterAll, beforeAll, test, expect } from 'vitest';
import type { Browser } from 'playwright';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import {
  askForFirstWords,
  chatWithoutDocument,
  leave,
  photograph,
  serveSite,
  untilReady,
  visit,
} from '../support/demo-page';
import { canLimitMemory, limitGpuMemory, peakGpuMemory } from '../support/gpu-process';

let server: Awaited<ReturnType<typeof serveSite>>;
// Of this test alone, because its GPU process dies.
let browser: Browser;

beforeAll(async () => {
  server = await serveSite();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

if (!canLimitMemory) process.stdout.write('not run, no prlimit on this machine: a GPU without room\n');

test.skipIf(!canLimitMemory)(
  'a GPU that has no room for the limit is said to be lost, and a smaller limit works',
  async () => {
    // What Scout takes with the limit offered next is 110 MB more than with the first one, keeping every page 510 MB.
    const spareBytes = 300_000_000;
    const own = await visit(browser, server.origin);
    const { page } = own;
    // A load takes most while it compiles.
    const mostBytes = (await peakGpuMemory(browser, chatWithoutDocument(page))) + spareBytes;
    await limitGpuMemory(browser, mostBytes);
    await page.getByRole('button', { name: 'Memory' }).click();
    await page.getByLabel('GPU memory limit').focus();
    await page.keyboard.press('End');
    await page.getByLabel('Exact').check();
    await page.getByRole('button', { name: 'Apply' }).and(page.locator(':enabled')).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The GPU was lost').waitFor();
    await alert.getByText(/use a smaller memory limit/).waitFor();
    await photograph(page, 'no-room');
    await limitGpuMemory(browser, mostBytes);
    await alert.getByRole('button', { name: /^Use [\d.]+ GB of the GPU$/ }).click();
    await untilReady(page);
    await askForFirstWords(page, 'Hello');
    await page.keyboard.press('Escape');
    await untilReady(page);
    expect(await alert.count()).toBe(0);
    await leave(own, 'less-room');
  },
);
