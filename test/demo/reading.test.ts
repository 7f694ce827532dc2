/** Reading a document with Scout: answers that are known, branches, and what is still there after a reload. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { chapter, makeEpub, makePdf } from '../support/document-files';
import {
  answers,
  answerTexts,
  ask,
  expectAccessible,
  input,
  leave,
  photograph,
  read,
  serveSite,
  untilReady,
  visit,
  type Visit,
} from '../support/demo-page';

/** In the words that Scout was trained on. */
const text = `The people of Saltmere

Saltmere is a small town by the sea. Clara Ashford works in Room B12. Clara Ashford was born in Saltmere. She plays the cello.

Who has the keys

Magnus Oakley comes from Winterport. Magnus Oakley was given the access code KX-4471. He answers on extension 5180. Emil Hartwell works as a clockmaker. Emil Hartwell comes from Foxbeck.`;

/** Clicks the first source of an answer, which must have the fact, and looks for it in the document. */
async function showSource(page: Page, answer: number, fact: string): Promise<void> {
  const passages = page.locator('longpage-answer-sources').nth(answer).getByRole('list', {
    name: 'Where this came from',
  });
  const first = passages.getByRole('button').first();
  expect(await first.innerText()).toContain(fact);
  await first.click();
  const mark = page.locator('longpage-document-reader mark').filter({ hasText: fact });
  await expect.poll(() => mark.count()).toBe(1);
  await expect.poll(() => mark.evaluate((element) => element.matches(':focus'))).toBe(true);
}

describe('a document that Scout has read', () => {
  let server: Awaited<ReturnType<typeof serveSite>>;
  let browser: Browser;
  let shared: Visit;

  beforeAll(async () => {
    server = await serveSite();
    browser = await launchBrowser();
    shared = await visit(browser, server.origin, {
      viewport: { width: 1360, height: 850 },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
  });

  afterAll(async () => {
    await leave(shared, 'reading');
    await browser.close();
    await server.close();
  });

  test('without a GPU the page says so and offers a short sample beside the whole', async () => {
    const { page } = shared;
    await page.getByRole('region', { name: 'Loading the model' }).waitFor({ state: 'detached' });
    const isSlow = (await page.getByText('There is no GPU for this page').count()) > 0;
    const short = page.getByRole('button', { name: 'Try a short sample' });
    expect(await short.count()).toBe(isSlow ? 1 : 0);
    await (isSlow ? short : page.getByRole('button', { name: 'Try the sample' })).click();
    await page.getByRole('heading', { name: /^The Storkmouth Almanac/ }).waitFor();
    const length = page.getByText(/^[\d,]+ tokens, [\d.]+ kB of text$/);
    const numTokens = Number((await length.innerText()).split(' ')[0]!.replaceAll(',', ''));
    expect(numTokens < 2000).toBe(isSlow);
    await page.getByRole('button', { name: 'Not this one' }).click();
  });

  test('is pasted in, and answers come from it', async () => {
    const { page } = shared;
    await expectAccessible(page);
    await photograph(page, 'start');
    await page.getByText('Paste a text').click();
    await page.getByLabel('Text to read').fill(text);
    await page.getByRole('button', { name: 'Add this text' }).click();
    await page.getByText(/^about [\d.]+ (ms|s|min)$/).waitFor();
    await expectAccessible(page);
    await photograph(page, 'offer');
    await read(page);
    await page.getByRole('heading', { name: 'The people of Saltmere' }).waitFor();
    await page.getByRole('heading', { name: 'Who has the keys' }).waitFor();
    expect(await ask(page, 'What is the access code of Magnus Oakley?')).toBe('KX-4471');
    expect(await ask(page, 'Where does Emil Hartwell come from?')).toBe('Foxbeck');
    expect(await ask(page, 'Where does Clara Ashford work?')).toBe('Room B12');
    await expectAccessible(page);
    await photograph(page, 'answered');
  });

  test('the passage that an answer came from is marked in the document', async () => {
    const { page } = shared;
    await showSource(page, 0, 'KX-4471');
    await photograph(page, 'sources');
    await showSource(page, 1, 'Foxbeck');
    await showSource(page, 2, 'Room B12');
    await expectAccessible(page);
  });

  test('the cache is a map, and its legend says it in numbers', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Memory' }).click();
    const map = page.getByRole('img', { name: /8 layers of 4 heads down, \d+ pages of 16 tokens across/ });
    await map.waitFor();
    const legend = await page.getByRole('list', { name: 'Pages by place' }).innerText();
    // After an answer heads that select give their pages back: what is said to be on the GPU is there.
    const count = (label: RegExp) => Number(label.exec(legend)![1]!.replaceAll(',', ''));
    const numOnGpu = count(/([\d,]+) attended last, on the GPU/) + count(/([\d,]+) else on the GPU/);
    expect(numOnGpu).toBeGreaterThan(0);
    expect(count(/([\d,]+) attended last, freed since/)).toBeGreaterThan(0);
    const figures = page.locator('longpage-memory-panel dl');
    expect(await figures.innerText()).toMatch(new RegExp(`Pages on the GPU\\s+${numOnGpu} of `));
    expect(legend).toContain('of 32 heads are unstable');
    const isDrawn = () =>
      map.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((byte) => byte > 0);
      });
    await expect.poll(isDrawn).toBe(true);
    await expectAccessible(page);
    await photograph(page, 'cache');
    await page.getByRole('button', { name: 'Memory' }).click();
  });

  test('an answer can be copied', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Copy the answer' }).first().click();
    await page.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('KX-4471');
  });

  test('an edited question is a branch, and the first one stays', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Edit the question' }).nth(1).click();
    await page.getByLabel('Your question, edited').fill('What is the extension of Magnus Oakley?');
    await page.keyboard.press('Enter');
    await expect.poll(() => answerTexts(page), { timeout: 60_000 }).toEqual(['KX-4471', '5180']);
    await untilReady(page);
    await page.getByRole('button', { name: 'Previous question' }).click();
    expect(await answerTexts(page)).toEqual(['KX-4471', 'Foxbeck', 'Room B12']);
    await page.getByRole('button', { name: 'Next question' }).click();
    expect(await answers(page).count()).toBe(2);
  });

  test('a second answer stands beside the first', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Answer again' }).last().click();
    const previous = page.getByRole('button', { name: 'Previous answer' });
    await previous.waitFor();
    await untilReady(page);
    await previous.click();
    expect((await answerTexts(page)).at(-1)).toBe('5180');
    await photograph(page, 'branches');
  });

  test('words are found in the document, from match to match, while the focus stays', async () => {
    const { page } = shared;
    const box = page.getByLabel('Find in the document');
    await box.fill('magnus  oakley');
    await page.getByText('1 of 2', { exact: true }).waitFor();
    await box.press('Enter');
    await page.getByText('2 of 2', { exact: true }).waitFor();
    const mark = page.locator('longpage-document-reader mark');
    expect(await mark.allInnerTexts()).toEqual(['Magnus Oakley']);
    expect(await box.evaluate((element) => element.matches(':focus'))).toBe(true);
    await expectAccessible(page);
    await photograph(page, 'find');
    await box.press('Escape');
    await expect.poll(() => mark.allInnerTexts()).not.toEqual(['Magnus Oakley']);
  });

  test('a document that was not read yet is there after a reload', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Add a document' }).click();
    const file = { name: 'later.txt', mimeType: 'text/plain', buffer: Buffer.from('A text for later.') };
    await page.locator('longpage-add-document input[type=file]').setInputFiles(file);
    await page.getByRole('heading', { name: 'later' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'later' }).waitFor();
    await page.getByText('A text for later.').waitFor();
    await page.getByRole('button', { name: 'Not this one' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    await page.getByRole('button', { name: /The people of Saltmere/ }).click();
    await expect.poll(() => answerTexts(page)).toEqual(['KX-4471', '5180']);
  });

  test('document and conversation are there after a reload, and Back and Forward lead to where one was', async () => {
    const { page } = shared;
    await page.reload();
    await expect.poll(() => answerTexts(page)).toEqual(['KX-4471', '5180']);
    await page.goBack();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    await page.goForward();
    await expect.poll(() => answerTexts(page)).toEqual(['KX-4471', '5180']);
    await showSource(page, 0, 'KX-4471');
    await untilReady(page);
    await page.getByText(/^Opened: [1-9][\d.]* [kM]?B read in [\d.]+ m?s\.$/).waitFor();
    expect(await ask(page, 'Where does Emil Hartwell come from?')).toBe('Foxbeck');
  });

  test('nothing in a document runs, and a file that is no document is refused with a next step', async () => {
    const { page } = shared;
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(server.origin)) foreign.push(request.url());
    });
    const chooser = page.locator('longpage-add-document input[type=file]');
    await page.getByRole('button', { name: 'Add a document' }).click();
    await chooser.setInputFiles({
      name: 'evil.html',
      mimeType: 'text/html',
      buffer: Buffer.from(
        '<title>Evil</title><p>Harmless words.</p><img src=x onerror="document.title=1"><script>document.title=2</script>',
      ),
    });
    await page.getByRole('heading', { name: 'Evil' }).waitFor();
    await read(page);
    await page.getByText('Harmless words.').waitFor();
    await page.getByRole('button', { name: 'Add a document' }).click();
    await chooser.setInputFiles({
      name: 'evil.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from(
        '# Marked\n\n<img src=x onerror="document.title=3"> [a](javascript:document.title=4)',
      ),
    });
    await page.getByRole('heading', { name: 'Marked' }).waitFor();
    await page.getByRole('button', { name: 'Not this one' }).click();
    const attack = 'document.title=5';
    const action = `<< /S /JavaScript /JS (${attack}) >>`;
    const files = {
      'evil.pdf': makePdf({
        title: 'Acting',
        pages: [[{ text: 'Quiet words.', y: 700 }]],
        catalog: `/OpenAction ${action} /AA << /WC ${action} >>`,
      }),
      'evil.epub': makeEpub({
        title: 'Scripted',
        chapters: {
          'a.xhtml': chapter(
            `<p onclick="${attack}">Calm words.</p><img src="http://127.0.0.1:9/a.png" onerror="${attack}"/><script>${attack}</script>`,
          ),
          '../../../b.xhtml': chapter('<p>Outside</p>'),
        },
      }),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await page.getByRole('button', { name: 'Add a document' }).click();
      await chooser.setInputFiles({ name, mimeType: '', buffer: Buffer.from(bytes) });
      await page.getByRole('heading', { name: /Acting|Scripted/ }).waitFor();
      await read(page);
      await page.getByText(/Quiet words\.|Calm words\./).waitFor();
    }
    expect(foreign).toEqual([]);
    expect(await page.title()).toBe('Longpage');
    await page.getByRole('button', { name: 'Add a document' }).click();
    await chooser.setInputFiles({
      name: 'photo.png',
      mimeType: 'image/png',
      buffer: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    });
    const alert = page.getByRole('alert');
    await alert.getByText('This document could not be taken in').waitFor();
    await photograph(page, 'refused');
    await alert.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: /The people of Saltmere/ }).click();
    await page.getByRole('heading', { name: 'The people of Saltmere' }).waitFor();
  });

  test('can be renamed and deleted', async () => {
    const { page } = shared;
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('Title').fill('Saltmere');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Saltmere', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await photograph(page, 'delete');
    await page.getByRole('button', { name: 'Delete it' }).click();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    expect(await page.getByRole('button', { name: /Saltmere/ }).count()).toBe(0);
    expect(await input(page).count()).toBe(0);
  });
});
