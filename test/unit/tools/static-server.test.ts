import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseRange, resolvePath, serve } from '../../../tools/serve/static-server.mjs';

describe('static server', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longpage-serve-'));
    await writeFile(join(folder, 'a b.txt'), '0123456789');
    server = await serve({
      mounts: [{ prefix: '/files/', folder }],
      pages: { '/': '<!doctype html>' },
      headers: { 'X-Test': 'yes' },
    });
  });

  afterAll(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  test('serves files, pages and headers', async () => {
    const response = await fetch(`${server.origin}/files/a%20b.txt`);
    expect(response.headers.get('x-test')).toBe('yes');
    expect(await response.text()).toBe('0123456789');
    expect(await (await fetch(server.origin)).text()).toBe('<!doctype html>');
    expect((await fetch(`${server.origin}/files/none`)).status).toBe(404);
  });

  test('serves byte ranges, and says so when one lies outside', async () => {
    const get = (range: string) => fetch(`${server.origin}/files/a%20b.txt`, { headers: { range } });
    const part = await get('bytes=2-4');
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    expect((await get('bytes=10-')).status).toBe(416);
  });

  test('reads Range headers end-inclusively', () => {
    expect(parseRange('bytes=0-0', 10)).toEqual({ start: 0, end: 0 });
    expect(parseRange('bytes=7-', 10)).toEqual({ start: 7, end: 9 });
    expect(parseRange('bytes=-3', 10)).toEqual({ start: 7, end: 9 });
    expect(parseRange('bytes=5-99', 10)).toEqual({ start: 5, end: 9 });
    expect(parseRange('bytes=5-4', 10)).toBeNull();
    expect(parseRange('lines=1-2', 10)).toBeUndefined();
    expect(parseRange(undefined, 10)).toBeUndefined();
  });

  test('never leaves its folder', () => {
    const mounts = [{ prefix: '/files/', folder: '/srv/files' }];
    expect(resolvePath(mounts, '/files/x/y')).toBe('/srv/files/x/y');
    expect(resolvePath(mounts, '/files/../secret')).toBeUndefined();
    expect(resolvePath(mounts, '/files/%2e%2e/secret')).toBeUndefined();
    expect(resolvePath(mounts, '/other/x')).toBeUndefined();
  });
});
