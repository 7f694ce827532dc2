/** The library on the page: what is stored is checked, and rebuilt when it is damaged. */
import { expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { ask, leave, photograph, read, serveSite, untilReady, visit } from '../support/demo-page';

/** In the words that Scout was trained on. */
const text = `The people of Saltmere

Magnus Oakley was given the access code KX-4471. He answers on extension 5180. Emil Hartwell comes from Foxbeck.`;

test('a document whose records were altered is shown as damaged, and one button rebuilds it', async () => {
  const server = await serveSite();
  const browser = await launchBrowser();
  try {
    const own = await visit(browser, server.origin);
    const { page } = own;
    await page.getByText('Paste a text').click();
    await page.getByLabel('Text to read').fill(text);
    await page.getByRole('button', { name: 'Add this text' }).click();
    await read(page);
    const numAltered = await page.evaluate(async () => {
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
    expect(numAltered).toBeGreaterThan(0);
    await page.reload();
    await page.getByRole('button', { name: /The people of Saltmere/ }).click();
    await page.getByText(/^This document is damaged: .* was altered\.$/).waitFor();
    await photograph(page, 'damaged');
    await page.getByRole('button', { name: 'Read again' }).click();
    await page.getByText('Read to its end.').waitFor();
    await untilReady(page);
    expect(await ask(page, 'What is the access code of Magnus Oakley?')).toBe('KX-4471');
    await leave(own, 'rebuilt');
  } finally {
    await browser.close();
    await server.close();
  }
});
