/** Models on the page: the short list, a repository by name, and what is kept of them; from a server that behaves like the hub. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { FakeHub } from '../support/fake-hub';
import {
  ask,
  chatWithoutDocument,
  expectAccessible,
  expectNoSidewaysScroll,
  leave,
  photograph,
  read,
  serveSite,
  tinyModelFolder,
  untilReady,
  visit,
  type Visit,
} from '../support/demo-page';

const commit = 'b'.repeat(40);
const mebibyte = 2 ** 20;

describe('models on the page', () => {
  let hub: FakeHub;
  let server: Awaited<ReturnType<typeof serveSite>>;
  let browser: Browser;
  let shared: Visit;

  beforeAll(async () => {
    hub = new FakeHub();
    const origins = await hub.start();
    // The weights come first: half of them is what a download that is held up has.
    const names = readdirSync(tinyModelFolder).sort(
      (a, b) => Number(b.endsWith('.safetensors')) - Number(a.endsWith('.safetensors')),
    );
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(tinyModelFolder, name))]));
    const config = { architectures: ['LlamaForCausalLM'] };
    for (const repository of ['owner/listed', 'owner/other']) {
      hub.repositories.set(repository, { commit, files, config, safetensors: { total: 500_000 } });
    }
    const numbers = { weightBytes: 1_000_000, contextTokens: 512, kvGpuBytes: 300 * mebibyte };
    const models = [
      { ...numbers, name: 'Scout', description: 'Here.', source: 'models/scout/', downloadBytes: 1000 },
      {
        ...numbers,
        name: 'Tiny',
        description: 'Says little, and nothing of sense.',
        reference: `owner/listed@${commit}`,
        downloadBytes: 350_000,
      },
    ];
    server = await serveSite({
      modelFolder: tinyModelFolder,
      origins,
      pages: { '/models.json': JSON.stringify({ hub: hub.origin, models }) },
    });
    browser = await launchBrowser();
    shared = await visit(browser, server.origin);
    await chatWithoutDocument(shared.page);
    await openModels();
  });

  afterAll(async () => {
    await leave(shared, 'models-end');
    await browser.close();
    await server.close();
    await hub.stop();
  });

  const openModels = () => shared.page.getByRole('button', { name: 'Models' }).click();
  const card = (name: string) => shared.page.getByRole('region', { name, exact: true });
  const press = (of: Locator, name: RegExp) => of.getByRole('button', { name }).click();

  test('the list says what each takes; a download shows its progress, stops, and goes on after a reload', async () => {
    const { page } = shared;
    const tiny = card('Tiny');
    await tiny.getByText('350 kB to download · 316 MB on the GPU, for 512 tokens').waitFor();
    await expectAccessible(page);
    await photograph(page, 'models');
    const release = hub.holdBodies();
    await press(tiny, /^Download Tiny/);
    await tiny.getByText(/^Downloading: [1-9]\d* kB of \d+ kB$/).waitFor();
    await photograph(page, 'models-downloading');
    await press(tiny, /^Stop Tiny/);
    const kept = await tiny.getByText(/^[1-9]\d* kB of \d+ kB downloaded/).textContent();
    release();
    await page.reload();
    await openModels();
    await tiny.getByText(kept!).waitFor();
    hub.requests = [];
    hub.faults.set('model.safetensors', [{ breakAfterBytes: 1000 }]);
    await press(tiny, /^Resume Tiny/);
    await tiny.getByText(/^On this device, \d+ kB/).waitFor();
    expect(hub.requests).toContainEqual(expect.stringMatching(/^\S+ bytes=\d+-$/));
    expect(hub.requests.filter((request) => request.startsWith('model.safetensors'))).toHaveLength(2);
  });

  test('what is kept answers, and is there on the next visit with the limit that it needs', async () => {
    const { page } = shared;
    const tiny = card('Tiny');
    await press(tiny, /^Use Tiny/);
    await chatWithoutDocument(page);
    expect(await ask(page, 'Hello')).not.toBe('');
    hub.requests = [];
    await page.reload();
    await expect.poll(() => page.locator('footer').textContent()).toMatch(/^\s*Tiny · /);
    expect(hub.requests).toEqual([]);
    await page.getByRole('button', { name: 'Memory' }).click();
    const limit = page.getByLabel('GPU memory limit');
    expect(await limit.getAttribute('aria-valuetext')).toBe('403 MB');
    await page.getByRole('button', { name: 'Memory' }).click();
  });

  test('it writes a summary of a document and first questions, which are kept until the text is another', async () => {
    const { page } = shared;
    const text = 'The harbour was quiet. The ferry left on time.';
    await page.getByRole('button', { name: 'Add a document' }).click();
    await page.getByText('Paste a text').click();
    await page.getByLabel('Text to read').fill(text);
    await page.getByRole('button', { name: 'Add this text' }).click();
    await read(page);
    const overview = page.locator('longpage-document-overview');
    const write = overview.getByRole('button', { name: 'Write them' });
    const suggestions = page.getByRole('list', { name: 'Questions to begin with' });
    // A question takes the model at once, and what was being written is gone.
    await write.click();
    await overview.getByRole('button', { name: 'Stop writing' }).waitFor();
    expect(await ask(page, 'Hello')).not.toBe('');
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await write.click();
    await overview.getByRole('button', { name: 'Stop writing' }).click();
    await write.click();
    await overview.getByText('were written by the model, Tiny. It can be wrong.').waitFor();
    const questions = await suggestions.getByRole('button').allTextContents();
    const summary = await overview.locator('.summary').textContent();
    expect(summary).not.toBe('');
    expect(questions.length).toBeGreaterThan(0);
    for (const question of questions) expect(question.trim()).toMatch(/[?？؟]$/);
    await expectAccessible(page);
    await photograph(page, 'overview');
    await page.reload();
    await page.getByText(/^Opened: /).waitFor();
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await overview.getByText('were written by the model, Tiny').waitFor();
    expect(await overview.locator('.summary').textContent()).toBe(summary);
    expect(await suggestions.getByRole('button').allTextContents()).toEqual(questions);
    // As if it had been written on another text under the same name.
    await page.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const opening = indexedDB.open('longpage-overviews');
          opening.onsuccess = () => {
            const transaction = opening.result.transaction('overviews', 'readwrite');
            const store = transaction.objectStore('overviews');
            const reading = store.getAll();
            reading.onsuccess = () => {
              for (const kept of reading.result) store.put({ ...kept, textDigest: 'of another' });
            };
            transaction.oncomplete = () => {
              opening.result.close();
              resolve();
            };
            transaction.onabort = () => reject(new Error('The store did not change.'));
          };
        }),
    );
    await page.reload();
    await page.getByText(/^Opened: /).waitFor();
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await write.waitFor();
    expect(await suggestions.count()).toBe(0);
  });

  test('it stays while it is in use, and is deleted', async () => {
    const { page } = shared;
    const tiny = card('Tiny');
    await openModels();
    await tiny.getByRole('button', { name: /^In use/ }).waitFor();
    // A model that runs is read again when the GPU is lost: it cannot go.
    expect(await tiny.getByRole('button', { name: /^Delete/ }).count()).toBe(0);
    await press(card('Scout'), /^Use Scout/);
    await chatWithoutDocument(page);
    await untilReady(page);
    await openModels();
    await press(tiny, /^Delete Tiny/);
    await photograph(page, 'models-delete');
    await press(tiny, /^Keep it/);
    await press(tiny, /^Delete Tiny/);
    await press(tiny, /^Delete it/);
    await tiny.getByText(/to download/).waitFor();
  });

  test('a repository is looked up by its name, pinned to its commit, or refused in a sentence', async () => {
    const { page } = shared;
    const find = async (name: string) => {
      await page.getByLabel('Name of the repository').fill(name);
      await page.keyboard.press('Enter');
    };
    const alert = page.getByRole('alert');
    await find('owner/none');
    await alert.getByText('The hub has no public model owner/none').waitFor();
    await expectAccessible(page);
    await photograph(page, 'models-unknown');
    await find('owner/other');
    const other = card('owner/other');
    await other.getByText('At commit bbbbbbb.').waitFor();
    await other.getByText(/^\d+ kB to download · 269 MB on the GPU$/).waitFor();
    expect(await alert.count()).toBe(0);
    hub.faults.set('tokenizer.json', [{ status: 403 }]);
    await press(other, /^Download/);
    await alert.getByText(/^The hub has no public file tokenizer.json of owner\/other/).waitFor();
    await press(other, /^Resume/);
    await other.getByText(/^On this device/).waitFor();
    await page.setViewportSize({ width: 375, height: 700 });
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await photograph(page, 'models-phone');
    await page.setViewportSize({ width: 1280, height: 720 });
    // A link that goes away says what to do, and what has arrived stays.
    await hub.stop();
    await find('owner/other');
    await alert.getByText(/^The hub could not be asked .* Check the connection/).waitFor();
    await other.getByText(/^On this device/).waitFor();
  });
});
