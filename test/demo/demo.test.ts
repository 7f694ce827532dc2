/** The built page in a real browser, under the policy that README gives hosts; the model is the tiny test model. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { contentSecurityPolicy } from '../support/readme';

const root = join(import.meta.dirname, '../..');
const modelFolder = join(root, 'test/fixtures/models/tiny-llama');
/** An ignored folder: for people who want to look at what the tests saw. */
const screenshots = join(root, '.cache/screenshots');

interface Visit {
  readonly page: Page;
  /** What the page reported: violations of the policy and errors that nobody caught. */
  readonly complaints: string[];
}

describe('demo page', () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    const brokenConfig = '{"architectures":["FalconForCausalLM"],"model_type":"falcon"}';
    server = await serve({
      mounts: [
        { prefix: '/', folder: join(root, 'site') },
        { prefix: '/models/scout/', folder: modelFolder },
      ],
      pages: {
        '/models/unsupported/config.json': brokenConfig,
        '/blank': '<!doctype html><title>blank</title>',
      },
      headers: { 'Content-Security-Policy': contentSecurityPolicy() },
    });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  async function open(path = '/', options: BrowserContextOptions = {}, from = browser): Promise<Visit> {
    const context = await from.newContext(options);
    // A software GPU on a busy machine takes its time to compile.
    context.setDefaultTimeout(90_000);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content.Security.Policy/i.test(message.text()))
        complaints.push(message.text());
    });
    await page.goto(server.origin + path);
    return { page, complaints };
  }

  const input = (page: Page) => page.getByLabel('Your message');
  const answer = (page: Page) => page.locator('li.assistant .text');
  const untilReady = (page: Page) =>
    page.getByRole('button', { name: 'Send' }).and(page.locator(':enabled')).waitFor();

  async function close({ page, complaints }: Visit, screenshot: string): Promise<void> {
    await page.screenshot({ path: join(screenshots, `${screenshot}.png`) });
    await page.context().close();
    expect(complaints).toEqual([]);
  }

  async function expectAccessible(page: Page): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
  }

  test('loads the embedded model and streams an answer, and no rule of the policy is broken', async () => {
    const visit = await open();
    const { page } = visit;
    await untilReady(page);
    await input(page).fill('Hello there');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await untilReady(page);
    expect((await answer(page).textContent())?.length).toBeGreaterThan(0);
    expect(await page.locator('footer').textContent()).toMatch(/MB on the GPU · [\d.]+ tokens\/s/);
    await expectAccessible(page);
    await close(visit, 'answered');
  });

  test('the policy is in force, and a page that breaks it is noticed', async () => {
    const { page, complaints } = await open('/blank');
    await page.evaluate(() => {
      document.body.setAttribute('style', 'color: red');
      document.body.append(
        Object.assign(document.createElement('script'), { textContent: 'document.title = "ran"' }),
      );
    });
    await expect.poll(() => complaints.length).toBeGreaterThan(0);
    expect(await page.title()).toBe('blank');
    await page.context().close();
  });

  test('stops an answer at once and takes the next question', async () => {
    const visit = await open();
    const { page } = visit;
    await untilReady(page);
    await input(page).fill('Tell me everything');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answer(page).textContent())?.length).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Stop' }).click();
    await untilReady(page);
    expect(await page.locator('li.assistant .note').textContent()).toBe('Stopped.');
    const stoppedAt = await answer(page).textContent();
    await input(page).fill('And now?');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answer(page).nth(1).textContent())?.length).toBeGreaterThan(0);
    expect(await answer(page).first().textContent()).toBe(stoppedAt);
    await page.keyboard.press('Escape');
    await untilReady(page);
    await close(visit, 'stopped');
  });

  test('can be used with the keyboard alone', async () => {
    const visit = await open();
    const { page } = visit;
    await untilReady(page);
    const pressUntilFocused = async (name: RegExp) => {
      for (let presses = 0; presses < 12; presses++) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate(() => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          return `${element?.textContent} ${element?.getAttribute('placeholder')}`;
        });
        if (name.test(focused)) return;
      }
      throw new Error(`Tab never reached ${name}.`);
    };
    await pressUntilFocused(/Models/);
    await page.keyboard.press('Enter');
    await pressUntilFocused(/Use Scout/);
    await page.keyboard.press('Enter');
    await untilReady(page);
    // Choosing a model leaves the focus where the next thing is typed.
    await page.keyboard.type('Hello');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answer(page).textContent())?.length).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await untilReady(page);
    await close(visit, 'keyboard');
  });

  test('is accessible in the dark, on a phone, with the picker open', async () => {
    const visit = await open('/', { colorScheme: 'dark', viewport: { width: 375, height: 700 } });
    const { page } = visit;
    await untilReady(page);
    await page.getByRole('button', { name: 'Models' }).click();
    await page.getByRole('button', { name: 'Use Scout' }).waitFor();
    await expectAccessible(page);
    const hasSidewaysScroll = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(hasSidewaysScroll).toBe(false);
    await close(visit, 'phone-dark');
  });

  test('loads a model from a folder on disk', async () => {
    const visit = await open();
    const { page } = visit;
    await untilReady(page);
    await page.getByRole('button', { name: 'Models' }).click();
    await page.locator('input[type=file]').setInputFiles(modelFolder);
    await expect.poll(() => page.locator('footer').textContent()).toContain('tiny-llama');
    await untilReady(page);
    await close(visit, 'folder');
  });

  test('says which model it cannot use, and takes another', async () => {
    const visit = await open();
    const { page } = visit;
    await untilReady(page);
    await page.getByRole('button', { name: 'Models' }).click();
    await page.getByLabel('Address of the model folder').fill(`${server.origin}/models/unsupported`);
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('This model is not supported').waitFor();
    expect(await alert.textContent()).toContain('FalconForCausalLM');
    await expectAccessible(page);
    await page.screenshot({ path: join(screenshots, 'unsupported.png') });
    await page.getByRole('button', { name: 'Models' }).click();
    await page.getByRole('button', { name: 'Use Scout' }).click();
    await untilReady(page);
    expect(await alert.count()).toBe(0);
    await close(visit, 'another-model');
  });

  test('says how to turn WebGPU on where there is none', async () => {
    // Neither a page nor its workers get WebGPU over plain http from anywhere but this machine.
    const ownBrowser = await launchBrowser({ args: ['--host-resolver-rules=MAP elsewhere.test 127.0.0.1'] });
    try {
      const page = await ownBrowser.newPage();
      page.setDefaultTimeout(90_000);
      await page.goto(server.origin.replace('127.0.0.1', 'elsewhere.test'));
      await page.getByRole('alert').getByText('WebGPU is not available').waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('chrome://flags/#enable-unsafe-webgpu');
      await page.screenshot({ path: join(screenshots, 'no-webgpu.png') });
    } finally {
      await ownBrowser.close();
    }
  });

  test('survives the loss of the GPU: says so, and goes on after one click', async () => {
    // A browser of its own, because this crashes the GPU process that all pages of one share.
    const ownBrowser = await launchBrowser();
    try {
      const visit = await open('/', {}, ownBrowser);
      const { page } = visit;
      await untilReady(page);
      await input(page).fill('Tell me everything');
      await page.keyboard.press('Enter');
      await expect.poll(async () => (await answer(page).textContent())?.length).toBeGreaterThan(0);
      const devtools = await ownBrowser.newBrowserCDPSession();
      await devtools.send('Browser.crashGpuProcess');
      await page.getByRole('alert').getByText('The GPU was lost').waitFor();
      await page.screenshot({ path: join(screenshots, 'gpu-lost.png') });
      await page.getByRole('button', { name: 'Try again' }).click();
      await untilReady(page);
      await close(visit, 'gpu-back');
    } finally {
      await ownBrowser.close();
    }
  });
});
