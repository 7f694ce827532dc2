import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrowser } from '../../../tools/setup/find-browser.mjs';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longpage-browser-'));
  await writeFile(join(folder, 'chromium'), '#!/bin/sh\n', { mode: 0o755 });
  await writeFile(join(folder, 'google-chrome'), 'not a program', { mode: 0o644 });
});

afterAll(() => rm(folder, { recursive: true }));

test('finds a browser on the PATH and passes over what cannot be run', async () => {
  const found = await findBrowser({ PATH: `${join(folder, 'none')}:${folder}` });
  expect(found).toEqual({ path: join(folder, 'chromium'), origin: 'the system' });
});

test('LONGPAGE_BROWSER goes before everything else', async () => {
  const path = join(folder, 'chromium');
  expect(await findBrowser({ LONGPAGE_BROWSER: path, PATH: '' })).toEqual({
    path,
    origin: 'LONGPAGE_BROWSER',
  });
});

test('a LONGPAGE_BROWSER that is no program is an error, not passed over', async () => {
  const env = { LONGPAGE_BROWSER: join(folder, 'google-chrome'), PATH: folder };
  await expect(findBrowser(env)).rejects.toThrow('which is no program');
});
