/**
 * Long documents on the page: read once, asked, kept over a reload, asked again without a second reading. What a first reading
 * and a second day cost is printed, not judged.
 */
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Tokenizer } from '../../src/tokenizer/tokenizer';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { buildDocument } from '../../tools/eval/documents';
import { readFacts } from '../../tools/eval/facts';
import { diskSource } from '../../tools/node/disk-source';
import {
  answerTexts,
  ask,
  askForFirstWords,
  leave,
  photograph,
  read,
  serveSite,
  untilReady,
  visit,
} from '../support/demo-page';

const root = join(import.meta.dirname, '../..');

const title = 'The long register';

/** Kinds of questions that Scout answers with dense attention at both lengths. */
const tasks = ['one-fact', 'latest', 'key-value'];

/** A software adapter reads 16,384 tokens in about ten minutes, on a busy machine in several times that. */
const timeoutMs = 60 * 60_000;

let server: Awaited<ReturnType<typeof serveSite>>;
let browser: Browser;

beforeAll(async () => {
  server = await serveSite();
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** A generated document with a question of each task and its answer. */
async function longDocument(lengthTokens: number) {
  const readJson = async (name: string): Promise<unknown> =>
    JSON.parse((await diskSource(join(root, 'public/models/scout')).readText(name))!);
  const tokenizer = Tokenizer.fromJson(
    await readJson('tokenizer.json'),
    await readJson('tokenizer_config.json'),
  );
  const { text, conversations } = buildDocument(
    {
      facts: readFacts(join(root, 'tools/eval/data/facts.jsonl')),
      split: 'familiar',
      books: [],
      countTokens: (part) => tokenizer.encode(part, { addSpecialTokens: false }).length,
      seed: 1,
    },
    { kind: 'register', lengthTokens, index: 0, numPerTask: 1 },
  );
  const turns = conversations.filter((turns) => turns.length === 1).map(([turn]) => turn!);
  return { text, questions: tasks.map((task) => turns.find((turn) => turn.task === task)!) };
}

test('the sample, the short one where there is no GPU, answers each question that the page shows', async () => {
  const own = await visit(browser, server.origin);
  const { page } = own;
  page.setDefaultTimeout(timeoutMs);
  await page.getByRole('region', { name: 'Loading the model' }).waitFor({ state: 'detached' });
  const openedAt = performance.now();
  await page
    .getByRole('button', { name: /^Try (a short|the) sample$/ })
    .first()
    .click();
  await read(page);
  const readingSeconds = (performance.now() - openedAt) / 1000;
  process.stdout.write(`The sample was read in ${readingSeconds.toFixed(1)} s.\n`);
  const samples = JSON.parse(
    (await diskSource(join(root, 'public/models/scout')).readText('sample-questions.json'))!,
  ) as { question: string; answer: string }[];
  const shown = await page
    .getByRole('list', { name: 'Questions to begin with' })
    .getByRole('button')
    .allInnerTexts();
  expect(shown.length).toBeGreaterThan(0);
  for (const question of shown)
    expect(await ask(page, question)).toBe(samples.find((sample) => sample.question === question)!.answer);
  await leave(own, 'sample');
});

test.each([4096, 16_384])(
  'a document of %i tokens',
  async (lengthTokens) => {
    const { text, questions } = await longDocument(lengthTokens);
    const own = await visit(browser, server.origin);
    const { page } = own;
    page.setDefaultTimeout(timeoutMs);
    await page.getByText('Paste a text').click();
    await page.getByLabel('Text to read').fill(`${title}\n\n${text}`);
    await page.getByRole('button', { name: 'Add this text' }).click();
    await page.getByRole('button', { name: 'Read it' }).and(page.locator(':enabled')).waitFor();
    const startedAt = performance.now();
    await read(page);
    const readingSeconds = (performance.now() - startedAt) / 1000;
    for (const { question, answer } of questions) expect(await ask(page, question)).toBe(answer);
    await photograph(page, `long-${lengthTokens}`);

    await page.reload();
    await page.getByRole('button', { name: title }).click();
    await expect.poll(() => answerTexts(page)).toEqual(questions.map(({ answer }) => answer));
    await untilReady(page);
    const { question, answer } = questions[0]!;
    const askedAt = performance.now();
    await askForFirstWords(page, question, timeoutMs);
    const firstWordsSeconds = (performance.now() - askedAt) / 1000;
    await untilReady(page);
    expect((await answerTexts(page)).at(-1)).toBe(answer);
    const opened = await page.getByText(/^Opened: /).innerText();
    process.stdout.write(
      `${lengthTokens} tokens: read in ${readingSeconds.toFixed(1)} s. After a reload: ${opened} ` +
        `First words of an answer ${firstWordsSeconds.toFixed(1)} s after the question.\n`,
    );
    await leave(own, `long-${lengthTokens}-again`);
  },
  timeoutMs,
);
