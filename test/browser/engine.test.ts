/** The engine in the page of a real browser: what needs a real disk and a real worker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchProfile } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { wgsl } from '../../tools/vite/wgsl-plugin';
import type { KvOptions } from '../../src/runner/memory-plan';
import { goldenPrompt } from '../../tools/tiny-models/models';
import type { commands } from './engine-page';

type Commands = typeof commands;

const kv: KvOptions = {
  contextTokens: 512,
  numSequences: 2,
  pagesPerHead: 4,
  unstableShare: 0.5,
  rerankInterval: 8,
};

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let context: BrowserContext;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longpage-engine-'));
  await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    base: './',
    plugins: [wgsl()],
    worker: { format: 'es', plugins: () => [wgsl()] },
    build: {
      outDir: join(folder, 'page'),
      emptyOutDir: true,
      target: 'es2023',
      rolldownOptions: {
        input: join(import.meta.dirname, 'engine-page.ts'),
        output: { entryFileNames: 'page.js' },
      },
    },
  });
  server = await serve({
    mounts: [
      { prefix: '/', folder: join(folder, 'page') },
      { prefix: '/models/test/', folder: join(import.meta.dirname, '../fixtures/models/tiny-llama') },
    ],
    pages: {
      '/broken.js': 'not a script',
      '/': '<!doctype html><title>Engine</title><script type="module" src="page.js"></script>',
    },
  });
  context = await launchProfile(join(folder, 'profile'));
});

afterAll(async () => {
  await context.close();
  await server.close();
  rmSync(folder, { recursive: true });
});

async function openPage(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.origin);
  await page.waitForFunction(() => 'commands' in globalThis);
  return page;
}

/** Runs a command in a page. */
async function ask<Name extends keyof Commands>(
  page: Page,
  name: Name,
  ...args: Parameters<Commands[Name]>
): Promise<Awaited<ReturnType<Commands[Name]>>> {
  const value = await page.evaluate(
    ([command, argument]) =>
      (globalThis as unknown as { commands: Record<string, (...args: unknown[]) => unknown> }).commands[
        command
      ]!(...(argument as unknown[])),
    [name, args] as const,
  );
  return value as Awaited<ReturnType<Commands[Name]>>;
}

/** Names of what the stores of this origin have on the disk; the profiles that answers tell of are to stay. */
function onDisk(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const databases = (await indexedDB.databases()).map(({ name }) => name ?? '');
    const names = databases.filter((name) => name !== 'longpage-profiles');
    const root = await navigator.storage.getDirectory();
    const files = await root.getDirectoryHandle('longpage-pages', { create: true });
    for await (const name of files.keys()) names.push(name);
    return names;
  });
}

test('with memory for a few pages the others go to the disk: the same answers, and nothing is left behind', async () => {
  const prompt = goldenPrompt(304, 300);
  const page = await openPage();
  await ask(page, 'load', { kv });
  const wanted = await ask(page, 'answer', prompt, 40);
  expect((await ask(page, 'stats')).memory.diskBytes).toBe(0);
  await ask(page, 'dispose');
  await ask(page, 'load', { kv: { ...kv, hostBytes: 20_000 } });
  expect(await ask(page, 'answer', prompt, 40)).toEqual(wanted);
  expect(await ask(page, 'answer', prompt, 40)).toEqual(wanted);
  const { memory, kv: counts } = await ask(page, 'stats');
  expect(memory.hostBytes).toBeLessThanOrEqual(20_000);
  expect(memory.diskBytes).toBeGreaterThan((10 * memory.hostBytes) / 3);
  expect(counts.promotions).toBeGreaterThan(0);
  expect((await onDisk(page)).length).toBe(1);
  await ask(page, 'dispose');
  expect(await onDisk(page)).toEqual([]);
  await page.close();
});

test('a load that may need the disk fetches what it takes, or says that it cannot; one that never does goes without', async () => {
  const page = await openPage();
  await context.route('**/disk-host-store*', (route) => route.abort('internetdisconnected'));
  expect(await ask(page, 'loadFailure', { kv: { ...kv, hostBytes: 20_000 } })).toBe('network');
  await ask(page, 'load', { kv });
  expect((await ask(page, 'answer', goldenPrompt(304, 300), 2)).length).toBe(2);
  await ask(page, 'dispose');
  await context.unroute('**/disk-host-store*');
  await ask(page, 'load', { kv: { ...kv, hostBytes: 20_000 } });
  await ask(page, 'answer', goldenPrompt(304, 300), 2);
  expect((await ask(page, 'stats')).memory.diskBytes).toBeGreaterThan(0);
  await ask(page, 'dispose');
  expect(await onDisk(page)).toEqual([]);
  await page.close();
});

test('streams begin at the call, are refused at the call, and end when they are left before they are read', async () => {
  const prompts = [40, 50, 60].map((length) => goldenPrompt(304, length));
  const page = await openPage();
  await ask(page, 'load', { kv });
  const wanted: number[][] = [];
  for (const prompt of prompts) wanted.push(await ask(page, 'answer', prompt, 6));
  const { refused, reason, answers } = await ask(page, 'streams', prompts, 6);
  expect(refused[0]).toMatch(/^RangeError .*99999/);
  expect(refused[1]).toMatch(/^EngineError The prompt has 5000 tokens/);
  expect(reason).toBe('enough');
  expect(answers).toEqual(wanted);
  expect((await ask(page, 'stats')).requests).toEqual({ running: 0, waiting: 0 });
  await ask(page, 'dispose');
  await page.close();
});

test('a trace has the steps, their dispatches, the reranks and the reloads, in a form that viewers read', async () => {
  const page = await openPage();
  await ask(page, 'load', { kv });
  const { second, events } = await ask(page, 'traced', goldenPrompt(304, 150), 30);
  expect(second).toBe('RangeError');
  const numOf = (name: string, ph: string) =>
    events.filter((event) => event.name === name && event.ph === ph).length;
  expect(numOf('record decode step', 'X')).toBeGreaterThanOrEqual(29);
  expect(numOf('decode step', 'b')).toBe(numOf('decode step', 'e'));
  expect(numOf('decode step', 'b')).toBeGreaterThanOrEqual(29);
  expect(numOf('prefill slice', 'b')).toBeGreaterThan(0);
  expect(numOf('flip', 'i')).toBeGreaterThan(0);
  expect(numOf('reload', 'b')).toBeGreaterThanOrEqual(numOf('flip', 'i'));
  expect(events.filter(({ cat }) => cat === 'dispatches').length).toBeGreaterThan(29 * 7);
  for (const { ph, ts, dur = 0 } of events)
    if (ph !== 'M') expect(Math.min(ts, dur)).toBeGreaterThanOrEqual(0);
  await ask(page, 'dispose');
  await page.close();
});

test('a worker that is busy for ever is ended by `dispose()`, what it had on the disk goes, and the next load works', async () => {
  const prompt = goldenPrompt(304, 300);
  const page = await openPage();
  await ask(page, 'load', { kv: { ...kv, hostBytes: 20_000 } });
  const wanted = await ask(page, 'answer', prompt, 4);
  expect((await onDisk(page)).length).toBe(1);
  const worker = page.workers()[0]!;
  const ended = worker.waitForEvent('close', { timeout: 0 });
  const isBusy = page.waitForEvent('console', {
    predicate: (message) => message.text() === 'busy',
    timeout: 0,
  });
  await worker.evaluate(
    () =>
      void setTimeout(() => {
        console.warn('busy');
        for (;;);
      }),
  );
  await isBusy;
  await ask(page, 'dispose');
  await ended;
  await ask(page, 'load', { kv });
  // Its own, without that of the worker that was ended.
  await expect.poll(async () => (await onDisk(page)).length).toBe(1);
  expect(await ask(page, 'answer', prompt, 4)).toEqual(wanted);
  await ask(page, 'dispose');
  expect(await onDisk(page)).toEqual([]);
  await page.close();
});

test('a model is looked at before it is loaded; a worker whose script cannot be had is told as such', async () => {
  const page = await openPage();
  const known = { isSoftwareAdapter: true, downloadBytes: expect.any(Number) as number };
  expect(await ask(page, 'check', { kv: { contextTokens: 128 } })).toEqual({
    ...known,
    code: undefined,
    contextTokens: 128,
  });
  const tooLong = await ask(page, 'check', { kv: { contextTokens: 2048, gpuBytes: 1_000_000 } });
  expect(tooLong).toEqual({ ...known, code: 'gpu-memory', contextTokens: undefined });
  await context.route('**/engine-worker*', (route) => route.abort('failed'));
  expect(await ask(page, 'loadFailure', { kv })).toBe('worker-failed');
  await context.unroute('**/engine-worker*');
  await page.close();
});

test('a shared worker whose script is not there, or is no script, ends the load', async () => {
  const page = await openPage();
  expect(await ask(page, 'sharedFailure', '/nothing.js')).toBe('worker-failed');
  expect(await ask(page, 'sharedFailure', '/broken.js')).toBe('worker-failed');
  await page.close();
});

test('pages share an engine in a shared worker, until the last of them has left or is closed', async () => {
  const prompts: [number[], number[]] = [goldenPrompt(304, 40), goldenPrompt(304, 50)];
  const [first, second] = [await openPage(), await openPage()];
  const wanted = await ask(first, 'answerInThread', prompts);
  await Promise.all([ask(first, 'loadShared', { kv }), ask(second, 'loadShared', { kv })]);
  const answers = [ask(first, 'answer', prompts[0], 6), ask(second, 'answer', prompts[1], 6)];
  expect(await Promise.all(answers)).toEqual(wanted);
  const loadMs = async (page: Page) => (await ask(page, 'stats')).timings.loadMs;
  const shared = await loadMs(second);
  expect(await loadMs(first)).toBe(shared);
  await ask(first, 'dispose');
  expect(await ask(second, 'answer', prompts[0], 6)).toEqual(wanted[0]);
  await second.close();
  // Until the worker knows of that, who comes shares the same engine.
  await expect
    .poll(
      async () => {
        await ask(first, 'loadShared', { kv });
        const next = await loadMs(first);
        await ask(first, 'dispose');
        return next;
      },
      { timeout: 120_000, interval: 200 },
    )
    .not.toBe(shared);
  await first.close();
});

test('what a closed tab had on the disk is deleted when the next engine loads', async () => {
  const first = await openPage();
  await ask(first, 'load', { kv: { ...kv, hostBytes: 20_000 } });
  await ask(first, 'answer', goldenPrompt(304, 100), 2);
  expect((await onDisk(first)).length).toBe(1);
  await first.close();
  const next = await openPage();
  expect((await onDisk(next)).length).toBe(1);
  await ask(next, 'load', { kv });
  await expect.poll(async () => (await onDisk(next)).length).toBe(1);
  await ask(next, 'dispose');
  expect(await onDisk(next)).toEqual([]);
  await next.close();
});
