/** The package as its users meet it: packed, installed without a network into a bare application, and run in a real browser. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import { build, createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import webpack from 'webpack';
import { neededScripts } from '../../tools/gate/check-bundle.mjs';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { application, html, modelFolder, npm, packLibrary, runApp } from '../support/packed-app';

const root = join(import.meta.dirname, '../..');

/** A page that asks the embedded model, and has its answer as title when nothing goes on any more. */
const chatPage = `<!doctype html><script type="module">
  import { Engine } from '/dist/index.js';
  const engine = await Engine.load('/scout/');
  const messages = [{ role: 'user', content: 'Hello, who are you?' }];
  const answer = await engine.chat.completions.create({ messages, max_tokens: 8 });
  await engine.dispose();
  document.title = answer.choices[0].message.content;
</script>`;

/** A page that lists its documents, or says with which code that fails. */
const libraryPage = `<!doctype html><script type="module">
  import { Engine } from '/dist/index.js';
  const engine = Engine.load('/model/', { kv: { contextTokens: 128, numSequences: 1 } });
  globalThis.listDocuments = async () => (await engine).documents.list().catch((error) => error.code);
</script>`;

describe('the packed library', () => {
  let folder: string;
  let packedFiles: string[];
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-package-'));
    const packed = packLibrary(folder);
    packedFiles = packed.files;
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'app', private: true, type: 'module' }),
    );
    npm(['install', `./${packed.name}`, '--offline', '--no-audit', '--no-fund', '--silent'], folder);
    writeFileSync(join(folder, 'index.html'), html);
    writeFileSync(join(folder, 'main.js'), application);
    mkdirSync(join(folder, 'public/models'), { recursive: true });
    cpSync(modelFolder, join(folder, 'public/models/scout'), { recursive: true });
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test('holds the built files, README and LICENSE, and nothing else', () => {
    const built = readdirSync(join(root, 'dist')).map((name) => `dist/${name}`);
    expect(built).toContain('dist/THIRD-PARTY-NOTICES.txt');
    expect(built).toContain('dist/index.js.map');
    const expected = ['LICENSE', 'README.md', 'package.json', ...built];
    expect(packedFiles.sort()).toEqual(expected.sort());
  });

  test('fetches for a chat answer what every load needs, and nothing else', async () => {
    const dist = join(folder, 'node_modules/longpage/dist');
    const names = readdirSync(dist).filter((name) => name.endsWith('.js'));
    const scripts = Object.fromEntries(names.map((name) => [name, readFileSync(join(dist, name), 'utf8')]));
    const server = await serve({
      mounts: [
        { prefix: '/dist/', folder: dist },
        { prefix: '/scout/', folder: join(root, 'public/models/scout') },
      ],
      pages: { '/': chatPage },
    });
    const page = await browser.newPage();
    const fetched = new Set<string>();
    page.on('request', (request) => fetched.add(new URL(request.url()).pathname.replace('/dist/', '')));
    try {
      await page.goto(server.origin);
      await page.waitForFunction(() => document.title !== '', null, { timeout: 120_000 });
      expect(await page.title()).toMatch(/^I am Scout/);
      // The software GPU of this browser has shaders of its own.
      const expected = [...neededScripts(scripts), 'rare-shaders.js'];
      expect(names.filter((name) => fetched.has(name))).toEqual(expected.sort());
    } finally {
      await page.close();
      await server.close();
    }
  });

  test('runs from another origin, and asks again there for a part that could not be fetched', async () => {
    const elsewhere = await serve({
      mounts: [{ prefix: '/dist/', folder: join(folder, 'node_modules/longpage/dist') }],
      pages: {},
      headers: { 'Access-Control-Allow-Origin': '*' },
    });
    const server = await serve({
      mounts: [{ prefix: '/model/', folder: modelFolder }],
      pages: { '/': libraryPage.replace('/dist/', `${elsewhere.origin}/dist/`) },
    });
    const page = await browser.newPage();
    try {
      await page.goto(server.origin);
      await page.route('**/open-documents.js', (route) => route.abort('internetdisconnected'));
      expect(await page.evaluate('listDocuments()')).toBe('network');
      await page.unroute('**/open-documents.js');
      expect(await page.evaluate('listDocuments()')).toEqual([]);
    } finally {
      await page.close();
      await server.close();
      await elsewhere.close();
    }
  });

  test('needs no other package', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/longpage/package.json'), 'utf8')) as {
      peerDependencies: object;
      peerDependenciesMeta: Record<string, object>;
    };
    expect(manifest).not.toHaveProperty('dependencies');
    // The types of `longpage/ai-sdk` are those of a package that its users have.
    expect(Object.keys(manifest.peerDependencies)).toEqual(['@ai-sdk/provider']);
    expect(manifest.peerDependenciesMeta['@ai-sdk/provider']).toEqual({ optional: true });
    expect(existsSync(join(folder, 'node_modules/@ai-sdk'))).toBe(false);
  });

  test('can be imported where there is no WebGPU and no Worker', () => {
    const script = `const { Engine } = await import('longpage'); process.stdout.write(typeof Engine.load);
      const { longpage } = await import('longpage/ai-sdk'); process.stdout.write(longpage(Engine.load).availability());`;
    const args = ['--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })).toBe(
      'functionunavailable',
    );
  });

  test.each(['bundler', 'nodenext'])('brings its types, resolved the %s way', (moduleResolution) => {
    const source = `
      import { Engine } from 'longpage';
      const engine = await Engine.load('/models/scout/');
      const answer = await engine.chat.completions.create({ messages: [{ role: 'user', content: 'Hello' }] });
      export const text: string | null = answer.choices[0]!.message.content;
      // @ts-expect-error: a field that no request has
      await engine.chat.completions.create({ messages: [], nonsense: 1 });
    `;
    writeFileSync(join(folder, 'types.ts'), source);
    const args = [
      join(root, 'node_modules/typescript/bin/tsc'),
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
    ];
    args.push(
      '--moduleResolution',
      moduleResolution,
      '--module',
      moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
    );
    args.push('types.ts');
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  test('answers in a Vite application, dev server', async () => {
    const server = await createServer({
      root: folder,
      configFile: false,
      logLevel: 'error',
      server: { port: 0 },
    });
    try {
      await server.listen();
      const text = await runApp(browser, server.resolvedUrls!.local[0]!);
      expect(text.length).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });

  test('answers in a Vite application, built for a folder of a host', async () => {
    const outDir = join(folder, 'dist-vite');
    await build({
      root: folder,
      base: '/app/',
      configFile: false,
      logLevel: 'error',
      build: { outDir, target: 'es2023' },
    });
    const models = { prefix: '/models/', folder: join(folder, 'public/models') };
    const server = await serve({ mounts: [{ prefix: '/app/', folder: outDir }, models] });
    try {
      expect((await runApp(browser, `${server.origin}/app/`)).length).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });

  test('answers in a webpack application', async () => {
    const outDir = join(folder, 'dist-webpack');
    await new Promise<void>((resolve, reject) => {
      const options = {
        context: folder,
        entry: './main.js',
        mode: 'production',
        output: { path: outDir },
      } as const;
      webpack({ ...options, experiments: { topLevelAwait: true } }, (error, stats) => {
        if (error) reject(error);
        else if (stats?.hasErrors()) reject(new Error(stats.toString()));
        else resolve();
      });
    });
    const mounts = [
      { prefix: '/', folder: outDir },
      { prefix: '/models/', folder: join(folder, 'public/models') },
    ];
    const server = await serve({ mounts, pages: { '/': html } });
    try {
      expect((await runApp(browser, `${server.origin}/`)).length).toBeGreaterThan(0);
    } finally {
      await server.close();
    }
  });
});
