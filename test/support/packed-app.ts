/**
 * An application on the packed library: the quick start of README, word for word, and one call before its end that needs a part of the
 * library which is fetched on demand.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { expect } from 'vitest';
import { codeBlockUnder } from './readme';

const root = join(import.meta.dirname, '../..');

/** The model that it asks. */
export const modelFolder = join(root, 'test/fixtures/models/tiny-llama');

/** Its page, for a script beside it. */
export const html =
  '<!doctype html><meta charset="utf-8"><pre id="out"></pre><script type="module" src="main.js"></script>';

const itsEnd = 'await engine.dispose();';

/** Its script. */
export const application = codeBlockUnder('Quick start').replace(
  itsEnd,
  `globalThis.documents = await engine.documents.list();\n${itsEnd}`,
);

/** Runs npm; what it says. @throws Error when it fails */
export function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8' });
}

/** Packs the library, as it was built, into `folder`: the file's name, and the names of what is in it. */
export function packLibrary(folder: string): { readonly name: string; readonly files: string[] } {
  const said = npm(['pack', '--ignore-scripts', '--json', '--silent', '--pack-destination', folder], root);
  const [{ filename, files }] = JSON.parse(said) as [{ filename: string; files: { path: string }[] }];
  return { name: filename, files: files.map(({ path }) => path) };
}

/** Opens the application and returns what it has written when it is done; its errors fail the test. */
export async function runApp(browser: Browser, url: string): Promise<string> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  try {
    await page.goto(url);
    // The quick start sets the title last, when the answer is complete.
    await page
      .waitForFunction(() => document.title === 'Done', null, { timeout: 120_000 })
      .catch(() => undefined);
    expect(errors).toEqual([]);
    expect(await page.title()).toBe('Done');
    expect(await page.evaluate('documents')).toEqual([]);
    return (await page.locator('#out').textContent()) ?? '';
  } finally {
    await page.close();
  }
}
