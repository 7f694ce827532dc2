/**
 * What the browser keeps of documents: altered records, two tabs, a page that is killed while it reads, files out and in, and no
 * space left.
 */
import type { Browser, BrowserContext, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import {
  ask,
  expectAccessible,
  input,
  leave,
  photograph,
  read,
  serveSite,
  untilReady,
  visitIn,
  type Visit,
} from '../support/demo-page';

/** In the words that Scout was trained on. */
const facts =
  'Magnus Oakley was given the access code KX-4471. He answers on extension 5180. Emil Hartwell comes from Foxbeck.';

/** A short document. */
const people = { title: 'The people of Saltmere', text: `The people of Saltmere\n\n${facts}` };

const days = (numDays: number) =>
  Array.from(
    { length: numDays },
    (_, i) =>
      `On day ${i + 1} of the month the harbour was quiet, and the ferry left on time for the other side.`,
  ).join(' ');

/** One of three records a head, with a fact at either end. */
const ferry = {
  title: 'The ferry to Winterport',
  text: `The ferry to Winterport\n\nClara Ashford works in Room B12.\n\n${days(26)}\n\n${facts}`,
};

/** One of two records a head. */
const harbour = { title: 'The harbour', text: `The harbour\n\n${days(17)}` };

/** What the browser lets the site store, in bytes: the two documents above have 3.7 MB, the third would have 2 MB. */
const quotaBytes = 5_000_000;

/** Adds a pasted text, up to what it would cost to read it. */
async function paste(page: Page, text: string): Promise<void> {
  const add = page.getByRole('button', { name: 'Add a document' });
  if (await add.isVisible()) await add.click();
  await page.getByText('Paste a text').click();
  await page.getByLabel('Text to read').fill(text);
  await page.getByRole('button', { name: 'Add this text' }).click();
}

const entry = (page: Page, title: string) => page.getByRole('button', { name: new RegExp(title) });

const readIt = (page: Page) => page.getByRole('button', { name: 'Read it' }).and(page.locator(':enabled'));

/** What is stored of a document, as its manifest has it; undefined for one that is not there. */
function manifestOf(page: Page, title: string): Promise<{ key: number; numReadTokens: number } | undefined> {
  return page.evaluate(async (title) => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error!);
      });
    const database = await settled(indexedDB.open('longpage-documents'));
    const manifests = await settled(database.transaction('manifests').objectStore('manifests').getAll());
    database.close();
    return (manifests as { title: string; key: number; numReadTokens: number }[]).find(
      (manifest) => manifest.title === title,
    );
  }, title);
}

/** Flips a bit in all records of pages and summaries; resolves to their number. */
function alterRecords(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error!);
      });
    const database = await settled(indexedDB.open('longpage-documents'));
    const records = database.transaction('records', 'readwrite').objectStore('records');
    const keys = (await settled(records.getAllKeys())) as number[][];
    // Kinds 0 and 1 are pages and their summaries.
    const places = keys.filter(([, kind]) => kind! < 2);
    for (const key of places) {
      const bytes = (await settled(records.get(key))) as Uint8Array;
      bytes[bytes.length - 1]! ^= 1;
      await settled(records.put(bytes, key));
    }
    database.close();
    return places.length;
  });
}

/** Time passes a thousand times as fast for the engine: it finds the GPU so slow that borders come as often as they may. */
async function seemSlow(page: Page): Promise<void> {
  for (const worker of page.workers()) {
    await worker.evaluate(() => {
      const now = performance.now.bind(performance);
      performance.now = () => now() * 1000;
    });
  }
}

/** Whether some tab holds a document's lock as one that writes it does. */
function isBeingRead(page: Page): Promise<boolean> {
  return page.evaluate(async () => {
    const { held = [] } = await navigator.locks.query();
    return held.some(({ mode, name }) => mode === 'exclusive' && name?.startsWith('longpage-document:'));
  });
}

/** The renderer dies, and its workers with it: nobody can tidy up. */
async function kill({ page }: Visit): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const died = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => undefined);
  await died;
}

describe('documents in the browser’s storage', () => {
  let server: Awaited<ReturnType<typeof serveSite>>;
  let browser: Browser;
  let context: BrowserContext;
  /** The tab that is there to the end, and one beside it. */
  let own: Visit;
  let other: Visit;

  beforeAll(async () => {
    server = await serveSite();
    browser = await launchBrowser();
    context = await browser.newContext({ viewport: { width: 1360, height: 850 } });
    own = await visitIn(context, server.origin);
    const { origin } = new URL(server.origin);
    // From the beginning: a browser that has said how much room there is goes by that for a while.
    const session = await context.newCDPSession(own.page);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: quotaBytes });
  });

  afterAll(async () => {
    await leave(own, 'library');
    await browser.close();
    await server.close();
  });

  test('one whose records were altered is shown as damaged, and one button rebuilds it', async () => {
    const { page } = own;
    await paste(page, people.text);
    await read(page);
    expect(await alterRecords(page)).toBeGreaterThan(0);
    await page.reload();
    await entry(page, people.title).click();
    await page.getByText(/^This document is damaged: .* was altered\.$/).waitFor();
    expect(await input(page).getAttribute('placeholder')).toBe('Read the document again first');
    await photograph(page, 'damaged');
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByText('Read to its end.').waitFor();
    await untilReady(page);
    expect(await ask(page, 'What is the access code of Magnus Oakley?')).toBe('KX-4471');
    await photograph(page, 'rebuilt');
  });

  test('one is read in two tabs at once, and cannot be deleted in one while the other has it open', async () => {
    const { page } = own;
    other = await visitIn(context, server.origin);
    await entry(other.page, people.title).click();
    await other.page.getByText(/^Opened: /).waitFor();
    await untilReady(other.page);
    expect(await ask(other.page, 'Where does Emil Hartwell come from?')).toBe('Foxbeck');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('This document is in use').waitFor();
    await alert.getByText(/Close that tab/).waitFor();
    await photograph(page, 'in-use');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    expect(await ask(other.page, 'What is the extension of Magnus Oakley?')).toBe('5180');
    expect(await ask(page, 'What is the extension of Magnus Oakley?')).toBe('5180');
  });

  test('one that a tab reads is in use in another; when that tab is killed, reading goes on from the last stored border', async () => {
    const { page } = own;
    await seemSlow(other.page);
    await paste(other.page, ferry.text);
    await readIt(other.page).click();
    // It is in the library before it is read: whoever opens it then only sees the offer.
    await expect.poll(() => isBeingRead(page), { interval: 20 }).toBe(true);
    // As when a person comes back to this tab.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await entry(page, ferry.title).click();
    const alert = page.getByRole('alert');
    await alert.getByText('This document is in use').waitFor();
    await alert.getByText(`“${ferry.title}” is being read or deleted in another tab`).waitFor();
    await photograph(page, 'read-elsewhere');
    await expect
      .poll(async () => (await manifestOf(page, ferry.title))?.numReadTokens, { interval: 20 })
      .toBeGreaterThan(0);
    await kill(other);
    const stored = (await manifestOf(page, ferry.title))!;
    await entry(page, ferry.title).click();
    // What the list said before is shown until the document is open.
    await page.getByText(`Read in part: ${stored.numReadTokens} of `).waitFor();
    await photograph(page, 'partial');
    await page.locator('longpage-document-status').evaluate(({ shadowRoot }) => {
      const seen: number[] = [];
      new MutationObserver(() => {
        const bar = shadowRoot!.querySelector('progress');
        if (bar?.hasAttribute('value')) seen.push(bar.value);
      }).observe(shadowRoot!, { subtree: true, childList: true, characterData: true, attributes: true });
      Object.assign(globalThis, { seen });
    });
    await page.getByRole('button', { name: 'Resume' }).and(page.locator(':enabled')).click();
    await page.getByRole('button', { name: 'Stop reading' }).waitFor();
    // The page asks with sources, which need the text of a document that is locked while it is read.
    await untilReady(page);
    expect(await ask(page, 'Where does Clara Ashford work?')).toBe('Room B12');
    await page.getByText('Read to its end.').waitFor();
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: number[] }).seen);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(stored.numReadTokens);
    // A document that is begun anew has another key.
    expect((await manifestOf(page, ferry.title))!.key).toBe(stored.key);
    await untilReady(page);
    expect(await ask(page, 'Where does Clara Ashford work?')).toBe('Room B12');
    expect(await ask(page, 'What is the access code of Magnus Oakley?')).toBe('KX-4471');
  });

  test('two are asked together: the page says what it takes, reads what it must, and sources name the document', async () => {
    const { page } = own;
    await entry(page, people.title).click();
    await page.getByText(/^Opened: /).waitFor();
    await page.getByRole('checkbox', { name: `Ask “${ferry.title}” too` }).check();
    const status = page.getByRole('region', { name: 'Documents asked together' });
    await page.getByText(/^Asked together: 2 documents, .*; 1 is read again behind the first/).waitFor();
    await untilReady(page);
    expect(await ask(page, 'Where does Clara Ashford work?')).toBe('Room B12');
    await page.getByText(/^Asked together: .* All of it is read\.$/).waitFor();
    const source = page.locator('longpage-answer-sources').last().getByRole('button').first();
    expect(await source.textContent()).toContain(ferry.title);
    await expectAccessible(page);
    await photograph(page, 'together');
    await source.click();
    await page.getByRole('heading', { name: ferry.title }).waitFor();
    expect(await page.locator('mark').first().textContent()).toContain('Clara Ashford');
    await page.goBack();
    await page.getByRole('heading', { name: people.title }).waitFor();
    await page.getByRole('button', { name: 'Ask only the open one' }).click();
    await status.waitFor({ state: 'detached' });
    await untilReady(page);
    // Its passages are named after documents, as the entries of the library are.
    await page.getByRole('button', { name: 'New', exact: true }).click();
  });

  test('one goes out as a file, and comes back with all that was read of it', async () => {
    const { page } = own;
    await entry(page, people.title).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe(`${people.title}.longpage`);
    const path = await download.path();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    expect(await entry(page, people.title).count()).toBe(0);
    const chooser = page.getByLabel('Exported document');
    await chooser.setInputFiles({
      name: 'notes.longpage',
      mimeType: '',
      buffer: Buffer.from('No document.'),
    });
    const alert = page.getByRole('alert');
    await alert.getByText('This document is damaged').waitFor();
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await chooser.setInputFiles(path);
    await page.getByRole('heading', { name: people.title }).waitFor();
    await page.getByText(/^Opened: [1-9]/).waitFor();
    await untilReady(page);
    expect(await ask(page, 'Where does Emil Hartwell come from?')).toBe('Foxbeck');
    await photograph(page, 'imported');
  });

  test('those that are there stay when another finds no space, which the page says with a next step', async () => {
    const { page } = own;
    await paste(page, harbour.text);
    await readIt(page).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The browser gives this page no more space').waitFor();
    await alert.getByText(/Delete documents or models/).waitFor();
    await expectAccessible(page);
    await photograph(page, 'no-space');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await entry(page, ferry.title).click();
    await page.getByText(/^Opened: /).waitFor();
    await untilReady(page);
    // When a browser counts anew what is there is its own affair: its refusal to keep even a conversation is given here.
    await page.evaluate(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('There is no more space.', 'QuotaExceededError');
      };
    });
    expect(await ask(page, 'Where does Emil Hartwell come from?')).toBe('Foxbeck');
    await alert.getByText('This conversation is not kept').waitFor();
    await alert.getByText(/Delete documents or models/).waitFor();
    await photograph(page, 'not-kept');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    // It is said once.
    expect(await ask(page, 'Where does Clara Ashford work?')).toBe('Room B12');
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});
