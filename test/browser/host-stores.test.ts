/** The disk tier on the real storage of a browser: the suite of all stores, low quotas, tabs that crash. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchProfile } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { hostStoreCases } from '../unit/offload/host-store-cases';
import type { Commands, StoreName } from './store-worker';

const storeNames: StoreName[] = ['IndexedDB', 'OPFS', 'memory, then IndexedDB', 'memory, then OPFS'];

describe('stores in a browser', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-stores-'));
    await build({
      configFile: false,
      logLevel: 'warn',
      publicDir: false,
      build: {
        outDir: join(folder, 'worker'),
        emptyOutDir: true,
        target: 'es2023',
        rolldownOptions: {
          input: join(import.meta.dirname, 'store-worker.ts'),
          output: { entryFileNames: 'worker.js', codeSplitting: false },
        },
      },
    });
    server = await serve({
      mounts: [{ prefix: '/', folder: join(folder, 'worker') }],
      pages: { '/': '<!doctype html><title>Stores</title>' },
    });
    context = await launchProfile(join(folder, 'profile'));
    page = await openPage();
  });

  afterAll(async () => {
    await context.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  /** A page whose worker waits for commands. */
  async function openPage(origin = server.origin): Promise<Page> {
    const opened = await context.newPage();
    await opened.goto(origin);
    await opened.evaluate(() => {
      const worker = new Worker('/worker.js', { type: 'module' });
      Object.assign(globalThis, {
        ask: (name: string, args: unknown[]) =>
          new Promise((resolve, reject) => {
            worker.onmessage = ({ data }: MessageEvent<{ value?: unknown; error?: string }>) =>
              data.error === undefined ? resolve(data.value) : reject(new Error(data.error));
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage({ name, args });
          }),
      });
    });
    return opened;
  }

  /** Runs a command in the worker of a page. */
  async function ask<Name extends keyof Commands>(
    of: Page,
    name: Name,
    ...args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const value = await of.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { ask: (name: string, args: unknown[]) => Promise<unknown> }).ask(
          name,
          args,
        ),
      [name, args] as const,
    );
    return value as Awaited<ReturnType<Commands[Name]>>;
  }

  /** Names of databases and files that stores have made and not deleted. */
  function leftovers(): Promise<string[]> {
    return page.evaluate(async () => {
      const names = (await indexedDB.databases()).map(({ name }) => name ?? '');
      const root = await navigator.storage.getDirectory();
      const files = await root.getDirectoryHandle('longpage-pages', { create: true });
      for await (const name of files.keys()) names.push(name);
      return names;
    });
  }

  test.each(storeNames.flatMap((store) => hostStoreCases.map(({ name }) => ({ store, name }))))(
    '$store: $name',
    async ({ store, name }) => {
      await ask(page, 'run', store, name);
    },
  );

  test('closed stores leave nothing behind', async () => {
    expect(await leftovers()).toEqual([]);
  });

  test('a worker has the private file system', async () => {
    expect(await ask(page, 'chosenDisk')).toBe('OPFS');
  });

  test("tabs that open at once do not take each other's new files for leftovers", async () => {
    const others = await Promise.all([openPage(), openPage()]);
    const warnings = await Promise.all([page, ...others].map((of) => ask(of, 'openOften', 25)));
    expect(warnings.flat()).toEqual([]);
    for (const other of others) await other.close();
    expect(await leftovers()).toEqual([]);
  });

  test.each(['IndexedDB', 'OPFS'] as const)(
    '%s: what a crashed tab left is deleted by the next, what a live one has is not',
    async (store) => {
      const crashed = await openPage();
      await ask(crashed, 'open', store);
      await ask(crashed, 'fill', 2);
      await ask(page, 'open', store);
      await ask(page, 'fill', 2);
      await crashed.close();
      const next = await openPage();
      await ask(next, 'open', store);
      await ask(next, 'fill', 2);
      await expect.poll(async () => (await leftovers()).length).toBe(2);
      expect(await ask(page, 'verify')).toBe(512);
      expect((await ask(page, 'fill', 4)).numWrites).toBe(4);
      await ask(page, 'close');
      expect(await ask(next, 'verify')).toBe(512);
      await ask(next, 'close');
      expect(await leftovers()).toEqual([]);
      await next.close();
    },
  );

  test.each(storeNames)(
    '%s: a used-up quota is a typed error with the numbers, and loses nothing',
    async (store) => {
      // An origin of its own, because what other tests deleted may count for a while.
      const origin = server.origin.replace('127.0.0.1', `store-${storeNames.indexOf(store)}.localhost`);
      const limited = await openPage(origin);
      const session = await context.newCDPSession(limited);
      const setQuota = (megabytes: number) =>
        session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: megabytes * 2 ** 20 });
      await setQuota(12);
      await ask(limited, 'open', store);
      const { numWrites, code, message } = await ask(limited, 'fill', 40);
      expect(code).toBe('storage-quota');
      expect(numWrites).toBeGreaterThan(4);
      expect(numWrites).toBeLessThan(16);
      expect(message).toMatch(/need 1048576 bytes on the disk beside the \d{7,8} there/);
      expect(message).toMatch(/estimate this site uses \d+ of \d+ bytes/);
      expect(await ask(limited, 'verify')).toBe(numWrites * 256);
      await setQuota(40);
      expect(await ask(limited, 'fill', numWrites + 3)).toEqual({ numWrites: numWrites + 3 });
      await ask(limited, 'dropOthers');
      expect(await ask(limited, 'fill', 6)).toEqual({ numWrites: 6 });
      expect(await ask(limited, 'verify')).toBe(6 * 256);
      await ask(limited, 'close');
      await limited.close();
    },
  );
});
