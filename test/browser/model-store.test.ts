/** Models from a server that behaves like the hub, kept in a real browser, under the policy that README gives hosts. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchProfile } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { wgsl } from '../../tools/vite/wgsl-plugin';
import { FakeHub } from '../support/fake-hub';
import { contentSecurityPolicy } from '../support/readme';
import type { ModelStorePage } from './model-store-page';

const commit = (digit: string) => digit.repeat(40);
const bytes = (sizeBytes: number, seed: number) =>
  Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 31 + seed + (index >> 8)) & 255);
const weights = bytes(200_000, 1);
const small = {
  'config.json': bytes(300, 2),
  'tokenizer.json': bytes(5000, 3),
  'model.safetensors': weights,
  'README.md': bytes(100, 4),
  'pytorch_model.bin': bytes(100, 5),
};
const smallBytes = 205_300;
const fixture = join(import.meta.dirname, '../fixtures/models/tiny-llama');

describe('model store', () => {
  let folder: string;
  let hub: FakeHub;
  let server: Awaited<ReturnType<typeof serve>>;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-models-'));
    await build({
      configFile: false,
      logLevel: 'error',
      base: './',
      publicDir: false,
      plugins: [wgsl()],
      worker: { format: 'es', plugins: () => [wgsl()] },
      build: {
        outDir: join(folder, 'page'),
        emptyOutDir: true,
        target: 'es2023',
        assetsInlineLimit: 0,
        rolldownOptions: {
          input: join(import.meta.dirname, 'model-store-page.ts'),
          output: { entryFileNames: 'page.js' },
        },
      },
    });
    hub = new FakeHub();
    const origins = await hub.start();
    server = await serve({
      mounts: [{ prefix: '/', folder: join(folder, 'page') }],
      pages: {
        '/': '<!doctype html><title>…</title><body><script type="module" src="./page.js"></script>',
        '/favicon.ico': '',
      },
      headers: {
        'Content-Security-Policy': contentSecurityPolicy().replace(
          "connect-src 'self'",
          `connect-src 'self' ${origins}`,
        ),
      },
    });
    context = await launchProfile(join(folder, 'profile'));
    page = await openPage();
    hub.repositories.set('owner/small', { commit: commit('a'), files: { ...small } });
    const files = Object.fromEntries(
      readdirSync(fixture).map((name) => [name, readFileSync(join(fixture, name))]),
    );
    hub.repositories.set('owner/tiny', {
      commit: commit('b'),
      files,
      config: { architectures: ['LlamaForCausalLM'] },
    });
  });

  afterAll(async () => {
    await context.close();
    await server.close();
    await hub.stop();
    rmSync(folder, { recursive: true });
  });

  beforeEach(async () => {
    hub.requests = [];
    for (const { id } of await call(page, 'list')) await call(page, 'delete', id);
  });

  async function openPage(): Promise<Page> {
    const opened = await context.newPage();
    await opened.goto(server.origin);
    await opened.waitForFunction(() => document.title === 'ready');
    expect(await call(opened, 'open', hub.origin)).toBe(true);
    return opened;
  }

  function call<Name extends keyof ModelStorePage>(
    of: Page,
    name: Name,
    ...args: Parameters<ModelStorePage[Name]>
  ): Promise<Awaited<ReturnType<ModelStorePage[Name]>>> {
    return of.evaluate(
      ([name, args]) =>
        (globalThis as unknown as { page: Record<string, (...args: unknown[]) => unknown> }).page[name]!(
          ...(args as unknown[]),
        ),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<ModelStorePage[Name]>>>;
  }

  const smallId = `owner--small@${commit('a')}`;
  const whole = { id: smallId, repository: 'owner/small', isComplete: true, storedBytes: smallBytes };
  const readWeights = () => call(page, 'read', smallId, 'model.safetensors');

  test('a model is downloaded through the redirect, listed, read, not fetched twice, and deleted', async () => {
    expect(await call(page, 'download', 'owner/small')).toMatchObject({
      value: { ...whole, commit: commit('a') },
    });
    expect(hub.requests.sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
    expect((await call(page, 'progress')).at(-1)).toEqual({
      phase: 'downloading',
      loadedBytes: smallBytes,
      totalBytes: smallBytes,
    });
    expect(await call(page, 'list')).toMatchObject([whole]);
    expect(await readWeights()).toEqual({ value: [...weights] });
    hub.requests = [];
    expect(await call(page, 'download', `owner/small@${commit('a')}`)).toMatchObject({ value: whole });
    expect(hub.requests).toEqual([]);
    await call(page, 'delete', smallId);
    expect(await call(page, 'list')).toEqual([]);
    expect(await readWeights()).toMatchObject({ code: 'weights-corrupt' });
  });

  test('a broken connection goes on with the next byte, and a busy server is asked again', async () => {
    hub.faults.set('model.safetensors', [
      { breakAfterBytes: 50_000 },
      { status: 503 },
      { breakAfterBytes: 30_000 },
      { status: 429, retryAfter: 1 },
    ]);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
    const asked = hub.requests.filter((request) => request.startsWith('model'));
    expect(asked).toEqual([
      'model.safetensors',
      'model.safetensors bytes=50000-',
      'model.safetensors bytes=50000-',
      'model.safetensors bytes=80000-',
      'model.safetensors bytes=80000-',
    ]);
    expect(await readWeights()).toEqual({ value: [...weights] });
  });

  test('after the page has gone the download goes on, unless the file is another', async () => {
    const closing = await openPage();
    const release = hub.holdBodies();
    hub.faults.set('model.safetensors', []);
    hub.repositories.set('owner/small', {
      commit: commit('a'),
      files: {
        'model.safetensors': weights,
        'config.json': small['config.json'],
        'tokenizer.json': small['tokenizer.json'],
      },
    });
    await call(closing, 'begin', 'owner/small');
    await expect.poll(async () => (await call(page, 'list'))[0]?.storedBytes).toBe(100_000);
    await closing.close();
    release();
    hub.requests = [];
    expect((await call(page, 'list'))[0]).toMatchObject({ isComplete: false, totalBytes: smallBytes });
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
    expect(hub.requests).toContain('model.safetensors bytes=100000-');
    expect(await readWeights()).toEqual({ value: [...weights] });

    // A file that has lost its end is fetched anew from there; one that the server calls by another name, from the start.
    await call(page, 'cut', smallId, 'model.safetensors', 70_000);
    hub.requests = [];
    hub.etagSalt = 'other';
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
    expect(hub.requests).toEqual(['model.safetensors bytes=70000-', 'model.safetensors']);
    expect(await readWeights()).toEqual({ value: [...weights] });
    hub.etagSalt = '';
  });

  test('a server without ranges starts over, and the bytes are still right', async () => {
    hub.faults.set('model.safetensors', [{ breakAfterBytes: 50_000 }, 'ignore-range']);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
    expect(await readWeights()).toEqual({ value: [...weights] });
  });

  test('wrong sizes are refused, and nothing of them is kept', async () => {
    hub.faults.set('model.safetensors', ['longer']);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ code: 'weights-corrupt' });
    hub.saidSizes.set('model.safetensors', 250_000);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ code: 'weights-corrupt' });
    hub.saidSizes.clear();
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
    expect(await readWeights()).toEqual({ value: [...weights] });
  });

  test('a download is stopped at once and keeps what has arrived', async () => {
    const release = hub.holdBodies();
    await call(page, 'begin', 'owner/small');
    await expect.poll(async () => (await call(page, 'list'))[0]?.storedBytes).toBeGreaterThan(0);
    await call(page, 'abort');
    expect(await call(page, 'finish')).toEqual({ error: 'enough', code: undefined });
    release();
    expect((await call(page, 'list'))[0]?.isComplete).toBe(false);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
  });

  test('two tabs do not write the same model: the second waits and finds it', async () => {
    const second = await openPage();
    const release = hub.holdBodies();
    await call(page, 'begin', 'owner/small');
    await expect.poll(async () => (await call(page, 'list'))[0]?.storedBytes).toBeGreaterThan(0);
    await call(second, 'begin', 'owner/small');
    await expect.poll(async () => (await call(second, 'progress')).at(-1)?.phase).toBe('waiting');
    expect(await call(second, 'delete', smallId)).toMatchObject({
      error: expect.stringContaining('in a tab'),
    });
    release();
    expect(await call(page, 'finish')).toMatchObject({ value: whole });
    expect(await call(second, 'finish')).toMatchObject({ value: whole });
    expect(hub.requests).toHaveLength(3);
    await call(second, 'hold', smallId);
    expect(await call(page, 'delete', smallId)).toMatchObject({ error: expect.stringContaining('in a tab') });
    await second.close();
    await expect.poll(() => call(page, 'delete', smallId)).toEqual({});
  });

  test.each([
    ['owner/none', 'network', /no public model owner\/none/],
    ['owner/small@v9', 'network', /no model owner\/small at v9/],
    ['no name', undefined, /owner\/name@revision/],
    ['owner/falcon', 'model-unsupported', /FalconForCausalLM/],
    ['owner/empty', 'model-unsupported', /no tokenizer.json, no model.safetensors/],
  ])('%s is refused in a sentence', async (reference, code, message) => {
    const files = { 'config.json': bytes(1, 1) };
    hub.repositories.set('owner/empty', { commit: commit('c'), files });
    hub.repositories.set('owner/falcon', {
      commit: commit('d'),
      files: small,
      config: { architectures: ['FalconForCausalLM'] },
    });
    expect(await call(page, 'download', reference)).toMatchObject({
      error: expect.stringMatching(message),
      code,
    });
  });

  test('a gated file and a hub that is busy for good are said', async () => {
    hub.faults.set('model.safetensors', [{ status: 403 }]);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({
      code: 'network',
      error: expect.stringContaining('sign in'),
    });
    hub.faults.set(
      'model.safetensors',
      Array.from({ length: 4 }, () => ({ status: 429 })),
    );
    expect(await call(page, 'download', 'owner/small')).toMatchObject({
      code: 'network',
      error: expect.stringContaining('429'),
    });
    hub.apiStatus = 429;
    expect(await call(page, 'download', 'owner/small')).toMatchObject({
      error: expect.stringContaining('429'),
    });
    hub.apiStatus = undefined;
  });

  test('a disk that is too small is said before anything is fetched, or when it is full', async () => {
    const limited = await openPage();
    await limited.evaluate(() => {
      navigator.storage.estimate = async () => ({ quota: 300_000, usage: 200_000 });
    });
    expect(await call(limited, 'download', 'owner/small')).toMatchObject({
      code: 'storage-quota',
      error: expect.stringMatching(
        /needs 205300 bytes more.*gives the page 300000 bytes, of which 200000 bytes are used/,
      ),
    });
    expect(hub.requests).toEqual([]);
    await limited.close();
    const session = await context.newCDPSession(page);
    const setQuota = (quotaSize: number) =>
      session.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize });
    await setQuota(100_000);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ code: 'storage-quota' });
    await setQuota(500_000_000);
    expect(await call(page, 'download', 'owner/small')).toMatchObject({ value: whole });
  });

  test('a model that is loaded by its name is kept, as far as it came: the next load does without the hub', async () => {
    const loading = ['weights', 'self-test', 'kernels', 'ready'];
    hub.faults.set('model.safetensors', [{ breakAfterBytes: 10_000 }]);
    expect(await call(page, 'load', 'owner/tiny')).toEqual({
      value: { model: 'tiny', numTokens: 4, phases: ['download', ...loading] },
    });
    expect(hub.requests).toContain('model.safetensors bytes=10000-');
    expect(await call(page, 'list')).toMatchObject([{ repository: 'owner/tiny', isComplete: true }]);
    hub.requests = [];
    hub.apiStatus = 503;
    expect(await call(page, 'load', 'owner/tiny')).toMatchObject({
      value: { numTokens: 4, phases: loading },
    });
    hub.apiStatus = undefined;
    expect(hub.requests).toEqual([]);
    expect(await call(page, 'load', 'owner/none')).toMatchObject({ code: 'network' });
  });

  test('a stored model answers', async () => {
    expect(await call(page, 'download', 'owner/tiny')).toMatchObject({ value: { isComplete: true } });
    expect(await call(page, 'answer', `owner--tiny@${commit('b')}`)).toEqual({ value: 4 });
  });
});
