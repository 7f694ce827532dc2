/** Model folders that nobody means well, through the page: each answers or ends in a sentence, and the next model loads. */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { FakeHub } from '../support/fake-hub';
import { folderBytes, mutatedFiles } from '../support/mutated-model';
import {
  ask,
  input,
  leave,
  serveSite,
  tinyModelFolder,
  untilReady,
  visit,
  type Visit,
} from '../support/demo-page';

/** More or other ones: `LONGPAGE_SEED=123` begins there. */
const first = Number(process.env.LONGPAGE_SEED ?? 1);
const numFolders = 20;

let hub: FakeHub;
let server: Awaited<ReturnType<typeof serveSite>>;
let browser: Browser;
let visited: Visit;

beforeAll(async () => {
  hub = new FakeHub();
  const origins = await hub.start();
  const numbers = { weightBytes: 1_000_000, contextTokens: 512, kvGpuBytes: 300 * 2 ** 20 };
  const scout = {
    ...numbers,
    name: 'Scout',
    description: 'Here.',
    source: 'models/scout/',
    downloadBytes: 1000,
  };
  server = await serveSite({
    modelFolder: tinyModelFolder,
    origins,
    pages: { '/models.json': JSON.stringify({ hub: hub.origin, models: [scout] }) },
  });
  browser = await launchBrowser();
  visited = await visit(browser, server.origin);
});

afterAll(async () => {
  await browser.close();
  await server.close();
  await hub.stop();
});

test(`${numFolders} mutated folders from ${first} on end in an answer or a sentence, and the next model loads`, async () => {
  const { page } = visited;
  const models = page.getByRole('button', { name: 'Models' });
  const alert = page.getByRole('alert').filter({ visible: true, hasText: /\S/ });
  const chat = page.getByRole('button', { name: 'Chat without a document' });
  const askButton = page.getByRole('button', { name: 'Ask', exact: true }).and(page.locator(':enabled'));
  /** The first of the two to come. */
  const either = async (good: ReturnType<typeof page.getByText>): Promise<string | undefined> => {
    await good.or(alert).first().waitFor({ timeout: 120_000 });
    return (await alert.count()) > 0 ? ((await alert.first().textContent()) ?? '').trim() : undefined;
  };
  for (let seed = first; seed < first + numFolders; seed++) {
    const name = `owner/folder-${seed}`;
    const files = Object.fromEntries(folderBytes(mutatedFiles(seed)));
    const config = { architectures: ['LlamaForCausalLM'] };
    const commit = seed.toString(16).padStart(40, '0');
    hub.repositories.set(name, { commit, files, config, safetensors: { total: 100_000 } });
    // A page as somebody opens it: what the folder before it left on the screen is gone.
    await page.reload();
    await models.click();
    await page.getByLabel('Name of the repository').fill(name);
    await page.keyboard.press('Enter');
    const card = page.getByRole('region', { name, exact: true });
    let sentence = await either(card);
    if (sentence === undefined) {
      await card.getByRole('button', { name: /^Download/ }).click();
      sentence = await either(card.getByText(/^On this device/));
    }
    if (sentence === undefined) {
      await card.getByRole('button', { name: /^Use/ }).click();
      sentence = await either(chat.or(askButton));
    }
    if (sentence === undefined && (await chat.isVisible())) {
      await chat.click();
      sentence = await either(askButton);
    }
    if (sentence === undefined) {
      await input(page).fill('Hello');
      await page.keyboard.press('Enter');
      // An answer may be without a letter: it is over when the next question can be asked.
      await page.locator('.answer').first().waitFor();
      sentence = await either(askButton);
    }
    // A sentence is for people: no stack, no name of a JavaScript error at its beginning.
    expect(sentence ?? 'It answers.', name).toMatch(/^[A-Z][^]*[.!?]/);
    expect(sentence ?? '', name).not.toMatch(/TypeError|RangeError|undefined|\[object/);
  }
  await page.reload();
  await models.click();
  const scout = page.getByRole('region', { name: 'Scout', exact: true });
  await scout.getByRole('button', { name: /^Use Scout/ }).click();
  expect(await either(chat.or(askButton))).toBeUndefined();
  if (await chat.isVisible()) await chat.click();
  // What the folders before it were asked is no part of this conversation.
  await untilReady(page);
  await page.getByRole('button', { name: 'New', exact: true }).click();
  expect(await ask(page, 'Hello')).not.toBe('');
  await leave(visited, 'hostile-folders');
});
