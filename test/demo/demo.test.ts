/** The page itself: loading, stopping, models, settings, errors, keyboard, small windows; with the tiny test model. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import {
  answers,
  answerTexts,
  chatWithoutDocument,
  expectAccessible,
  expectNoSidewaysScroll,
  input,
  leave,
  photograph,
  serveSite,
  tinyModelFolder,
  untilReady,
  visit,
  type Visit,
} from '../support/demo-page';

describe('demo page', () => {
  let server: Awaited<ReturnType<typeof serveSite>>;
  let browser: Browser;
  /** One page for all tests that leave it as they found it: with a model, and the chat without a document. */
  let shared: Visit;

  beforeAll(async () => {
    server = await serveSite({
      modelFolder: tinyModelFolder,
      pages: {
        '/models/unsupported/config.json': '{"architectures":["FalconForCausalLM"],"model_type":"falcon"}',
        '/blank': '<!doctype html><title>blank</title>',
      },
    });
    browser = await launchBrowser();
    shared = await visit(browser, server.origin);
    await chatWithoutDocument(shared.page);
  });

  afterAll(async () => {
    await leave(shared, 'demo');
    await browser.close();
    await server.close();
  });

  /** Asks what the tiny model never finishes to answer, and waits for the first words. */
  async function askAtLength(page: Page, question: string): Promise<void> {
    const numBefore = await answers(page).count();
    await input(page).fill(question);
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answerTexts(page))[numBefore]?.length).toBeGreaterThan(0);
  }

  test('the policy is in force, and a page that breaks it is noticed', async () => {
    const { page, complaints } = await visit(browser, `${server.origin}/blank`);
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
    const { page } = shared;
    await askAtLength(page, 'Tell me everything');
    const memory = page.getByRole('button', { name: 'Memory' });
    await memory.click();
    await page
      .getByRole('listitem')
      .filter({ hasText: /[1-9]\d*\s+attended now/ })
      .waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await untilReady(page);
    await page.getByText('attended last, on the GPU').waitFor();
    await memory.click();
    expect(await page.locator('.answer .note').textContent()).toBe('Stopped.');
    expect(await page.locator('footer .status').textContent()).toMatch(/MB on the GPU.* · [\d.]+ tokens\/s/);
    const stoppedAt = (await answerTexts(page))[0];
    await askAtLength(page, 'And now?');
    // What is typed meanwhile is not lost.
    await input(page).fill('And then?');
    await page.keyboard.press('Enter');
    expect(await input(page).inputValue()).toBe('And then?');
    await page.keyboard.press('Escape');
    await untilReady(page);
    const numBefore = await answers(page).count();
    await page.getByRole('button', { name: 'Ask', exact: true }).dblclick();
    await expect.poll(async () => (await answerTexts(page))[numBefore]?.length).toBeGreaterThan(0);
    expect(await page.getByText('Stopped.').count()).toBe(numBefore);
    expect((await answerTexts(page))[0]).toBe(stoppedAt);
    await page.keyboard.press('Escape');
    await untilReady(page);
  });

  test('keeps several conversations and shows the one that is chosen', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await askAtLength(page, 'Something else');
    await page.keyboard.press('Escape');
    await untilReady(page);
    expect(await answers(page).count()).toBe(1);
    await page.getByRole('combobox', { name: 'Conversation' }).selectOption({ label: 'Tell me everything' });
    expect(await answers(page).count()).toBe(3);
    await page.getByRole('button', { name: 'Delete this conversation' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    expect(await page.locator('.user .content').allTextContents()).toEqual(['Something else']);
    await expectAccessible(page);
    await photograph(page, 'conversations');
  });

  test('plans memory as the settings move, and loads with those that are applied', async () => {
    const { page } = shared;
    const footer = page.locator('footer');
    await footer.getByRole('button', { name: 'Memory' }).click();
    const limit = page.getByLabel('GPU memory limit');
    const forecast = page.locator('longpage-memory-panel .forecast');
    await expect.poll(() => forecast.textContent()).toContain('hold a context of');
    const apply = page.getByRole('button', { name: 'Apply' });
    expect(await apply.isDisabled()).toBe(true);
    await limit.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => apply.isEnabled()).toBe(true);
    await page.getByLabel('Pages that a head attends').focus();
    await page.keyboard.press('Home');
    await page.getByLabel('Exact').check();
    await expectAccessible(page);
    await photograph(page, 'memory');
    await apply.click();
    await untilReady(page);
    await expect.poll(() => page.locator('longpage-memory-panel dl').innerText()).toContain('of 17 MB');
    await page.reload();
    await page.getByRole('button', { name: 'Memory' }).click();
    expect(await limit.getAttribute('aria-valuetext')).toBe('17 MB');
    await page.getByRole('button', { name: 'Memory' }).click();
    await chatWithoutDocument(page);
  });

  test('loads a model from a folder on disk', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Models' }).click();
    await page.locator('longpage-model-picker input[webkitdirectory]').setInputFiles(tinyModelFolder);
    await expect.poll(() => page.locator('footer').textContent()).toContain('tiny-llama');
    await untilReady(page);
  });

  test('says which model it cannot use, and takes another', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Models' }).click();
    await page.getByLabel('Address of the model folder').fill(`${server.origin}/models/unsupported`);
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('This model is not supported').waitFor();
    expect(await alert.textContent()).toContain('FalconForCausalLM');
    await expectAccessible(page);
    await photograph(page, 'unsupported');
    await alert.getByRole('button', { name: 'Pick another model' }).click();
    await page.getByRole('button', { name: 'Use Scout' }).click();
    await untilReady(page);
    expect(await alert.count()).toBe(0);
  });

  test('takes files that are dropped anywhere, and what the model reads of one that is too long', async () => {
    const { page } = shared;
    const drag = (kind: 'dragover' | 'drop', files: Record<string, string>) =>
      page.evaluate(
        ([kind, files]) => {
          const dataTransfer = new DataTransfer();
          for (const [name, text] of Object.entries(files)) dataTransfer.items.add(new File([text], name));
          const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
          document.body.dispatchEvent(event);
          return event.defaultPrevented;
        },
        [kind, files] as const,
      );
    const files = {
      'endless.txt': 'A sentence about nothing at all.\n\n'.repeat(200),
      'empty.txt': '',
      'short.md': '# Short\n\nWords.',
      'report.pdf': '%PDF-1.7\n%%EOF',
    };
    expect(await drag('dragover', files)).toBe(true);
    await page.getByText('Drop it to add it').waitFor();
    await photograph(page, 'dropping');
    // A browser leaves the page for a file that nobody takes.
    expect(await drag('drop', files)).toBe(true);
    await page.getByRole('heading', { name: 'endless' }).waitFor();
    // What cannot be taken in keeps nothing else out.
    const alert = page.getByRole('alert').filter({ hasText: '2 of 4 documents could not be taken in' });
    await alert.getByText('“empty.txt”: There is no text in this document.').waitFor();
    await alert.getByText('“report.pdf”: This PDF is damaged or incomplete.').waitFor();
    await photograph(page, 'failures');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    // What has come in waits in the library while something else is looked at.
    await page.getByRole('button', { name: 'Short not read yet' }).waitFor();
    await page.getByRole('button', { name: 'Add a document' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    await page.getByRole('button', { name: 'endless not read yet' }).click();
    await page.getByRole('heading', { name: 'endless' }).waitFor();
    await page.getByText(/It is too long for this model, which reads [\d,]+ tokens/).waitFor();
    await expectAccessible(page);
    await photograph(page, 'too-long');
    await page.getByRole('button', { name: 'Take the first part' }).click();
    await page.getByRole('heading', { name: 'endless (first part)' }).waitFor();
    await page.getByRole('button', { name: 'Read it' }).and(page.locator(':enabled')).waitFor();
    await page.getByRole('button', { name: 'Not this one' }).click();
    await page.getByRole('heading', { name: 'Short' }).waitFor();
    await page.getByRole('button', { name: 'Not this one' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
  });

  test('can be used with the keyboard alone', async () => {
    const { page } = shared;
    await page.reload();
    const pressUntilFocused = async (name: RegExp, key = 'Tab') => {
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press(key);
        const focused = await page.evaluate(() => {
          let element = document.activeElement;
          while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
          return `${element?.textContent} ${element?.getAttribute('placeholder')}`;
        });
        if (name.test(focused)) return;
      }
      throw new Error(`${key} never reached ${name}.`);
    };
    await pressUntilFocused(/Models/);
    await page.keyboard.press('Enter');
    await pressUntilFocused(/Choose folder/);
    await pressUntilFocused(/Models/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await pressUntilFocused(/Paste a text/);
    await page.keyboard.press('Enter');
    await pressUntilFocused(/Paste it here/);
    await page.keyboard.type('A text about nothing.');
    await pressUntilFocused(/Add this text/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Read it' }).and(page.locator(':enabled')).waitFor();
    await pressUntilFocused(/Read it/);
    await page.keyboard.press('Enter');
    await page.getByText('Read to its end.').waitFor();
    await untilReady(page);
    // Adding a document leaves the focus where the next thing is typed.
    await page.keyboard.type('Hello');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await answerTexts(page))[0]?.length).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await untilReady(page);
    await pressUntilFocused(/Delete/);
    await photograph(page, 'keyboard');
  });

  test('is accessible on a dark phone and at twice the size: library, document, chat, models', async () => {
    const { page } = shared;
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 375, height: 700 });
    const views: [name: string, open: () => Promise<void>][] = [
      ['chat', () => page.getByRole('button', { name: 'Chat', exact: true }).click()],
      ['document', () => page.getByRole('button', { name: 'Document', exact: true }).click()],
      ['library', () => page.getByRole('button', { name: 'Library' }).click()],
      ['add', () => page.getByRole('button', { name: 'Add a document' }).click()],
      ['models', () => page.getByRole('button', { name: 'Models' }).click()],
    ];
    for (const [name, open] of views) {
      await open();
      await expectNoSidewaysScroll(page);
      await expectAccessible(page);
      await photograph(page, `phone-${name}`);
    }
    // 1280 × 800 at 200 %: what a browser's zoom makes of a window.
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 640, height: 400 });
    await expectNoSidewaysScroll(page);
    await page.getByRole('button', { name: 'Models' }).click();
    await chatWithoutDocument(page);
    await input(page).scrollIntoViewIfNeeded();
    expect(await input(page).isVisible()).toBe(true);
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await photograph(page, 'twice');
    await page.setViewportSize({ width: 1280, height: 720 });
  });

  test('a document that was opened from the disk is deleted in the middle of an answer on it', async () => {
    const { page } = shared;
    await page.reload();
    await page.getByRole('button', { name: /A text about nothing/ }).click();
    await page.getByText(/^Opened: /).waitFor();
    await untilReady(page);
    await askAtLength(page, 'Tell me everything');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await page.getByRole('button', { name: /A text about nothing/ }).count()).toBe(0);
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
      await photograph(page, 'no-webgpu');
    } finally {
      await ownBrowser.close();
    }
  });

  test('survives the loss of the GPU: says so, and the answer goes on by itself', async () => {
    // A browser of its own, because this crashes the GPU process that all pages of one share.
    const ownBrowser = await launchBrowser();
    try {
      const own = await visit(ownBrowser, server.origin);
      const { page } = own;
      await chatWithoutDocument(page);
      await askAtLength(page, 'Tell me everything');
      const devtools = await ownBrowser.newBrowserCDPSession();
      await devtools.send('Browser.crashGpuProcess');
      const notice = page.getByRole('status').getByText('The GPU was lost');
      await notice.waitFor();
      const [before] = await answerTexts(page);
      await photograph(page, 'gpu-lost');
      await notice.waitFor({ state: 'detached' });
      await untilReady(page);
      const [after] = await answerTexts(page);
      expect(after!.startsWith(before!.trim())).toBe(true);
      expect(await page.getByRole('alert').count()).toBe(0);
      await leave(own, 'gpu-back');
    } finally {
      await ownBrowser.close();
    }
  });
});
