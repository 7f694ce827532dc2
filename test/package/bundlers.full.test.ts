/**
 * The packed library in applications of other bundlers than the gate has, each installed from the registry as its users do, built, and run
 * in a real browser. What an application needs beside the quick start is here as it is in README.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../tools/browser/launch.mjs';
import { serve } from '../../tools/serve/static-server.mjs';
import { application, html, modelFolder, npm, packLibrary, runApp } from '../support/packed-app';

/** An application that is built by a command into a folder. */
interface BundledApp {
  readonly packages: readonly string[];
  /** Beside `main.js`, the quick start. */
  readonly files: Readonly<Record<string, string>>;
  /** What its quick start says otherwise. */
  readonly edit?: (script: string) => string;
  /** Arguments of `node`. */
  readonly build: readonly string[];
  readonly outDir: string;
  /** What is copied behind the build, from the application's folder. */
  readonly copied?: readonly [from: string, to: string];
}

const bin = (name: string) => `node_modules/${name}`;

const apps: Readonly<Record<string, BundledApp>> = {
  Rspack: {
    packages: ['@rspack/core'],
    files: {
      'out/index.html': html,
      'build.mjs': `import { rspack } from '@rspack/core';
        rspack({ entry: './main.js', mode: 'production', output: { path: import.meta.dirname + '/out' } }, (error, stats) => {
          if (error ?? stats.hasErrors()) throw error ?? new Error(stats.toString());
        });`,
    },
    build: ['build.mjs'],
    outDir: 'out',
  },
  esbuild: {
    packages: ['esbuild'],
    files: {
      'out/index.html': html,
      'build.mjs': `import { build } from 'esbuild';
        await build({ entryPoints: ['main.js'], bundle: true, splitting: true, format: 'esm', outdir: 'out' });`,
    },
    build: ['build.mjs'],
    outDir: 'out',
    // It leaves workers as they are: the script and what it imports lie beside the bundle.
    copied: ['node_modules/longpage/dist', 'out'],
  },
  Parcel: {
    packages: ['parcel'],
    files: { 'index.html': html },
    // It loses what the worker imports.
    edit: (script) =>
      script.replace(
        "Engine.load('/models/scout/', {",
        (load) =>
          `${load} worker: new Worker(location.origin + '/longpage/engine-worker.js', { type: 'module' }),`,
      ),
    build: [bin('parcel/lib/bin.js'), 'build', 'index.html', '--dist-dir', 'out', '--public-url', './'],
    outDir: 'out',
    copied: ['node_modules/longpage/dist', 'out/longpage'],
  },
  Next: {
    packages: ['next', 'react', 'react-dom'],
    files: {
      'next.config.mjs': "export default { output: 'export' };",
      'app/layout.js':
        'export default ({ children }) => <html><body><pre id="out" />{children}</body></html>;',
      'app/page.js': `'use client';
        import { useEffect } from 'react';
        export default function Page() {
          useEffect(() => void import('../main.js'), []);
          return null;
        }`,
    },
    build: [bin('next/dist/bin/next'), 'build'],
    outDir: 'out',
  },
  SvelteKit: {
    packages: ['@sveltejs/kit', '@sveltejs/adapter-static', '@sveltejs/vite-plugin-svelte', 'svelte', 'vite'],
    files: {
      'svelte.config.js': `import adapter from '@sveltejs/adapter-static';
        export default { kit: { adapter: adapter() } };`,
      'vite.config.js': `import { sveltekit } from '@sveltejs/kit/vite';
        export default { plugins: [sveltekit()] };`,
      'src/app.html': '<!doctype html><head>%sveltekit.head%</head><body>%sveltekit.body%</body>',
      'src/routes/+layout.js': 'export const prerender = true;',
      'src/routes/+page.svelte': `<script>
          import { onMount } from 'svelte';
          onMount(() => void import('../../main.js'));
        </script>
        <pre id="out"></pre>`,
    },
    build: [bin('vite/bin/vite.js'), 'build'],
    outDir: 'build',
  },
  Astro: {
    // Later ones need a newer Node than this package does.
    packages: ['astro@5'],
    files: {
      'astro.config.mjs': "export default { vite: { worker: { format: 'es' } } };",
      'src/pages/index.astro':
        '<html><body><pre id="out"></pre><script>import "../../main.js";</script></body></html>',
    },
    build: [bin('astro/astro.js'), 'build'],
    outDir: 'dist',
  },
};

let folder: string;
let packed: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'longpage-bundlers-'));
  packed = join(folder, packLibrary(folder).name);
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

test.each(Object.entries(apps))('answers in an application of %s', async (name, app) => {
  const place = join(folder, name.toLowerCase());
  const files = {
    'package.json': JSON.stringify({ name: 'app', private: true, type: 'module' }),
    'main.js': app.edit?.(application) ?? application,
    ...app.files,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  npm(['install', packed, ...app.packages, '--no-audit', '--no-fund', '--silent'], place);
  const { NODE_ENV: _, ...environment } = process.env;
  const env = { ...environment, NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1', CI: '1' };
  execFileSync(process.execPath, app.build, { cwd: place, env, encoding: 'utf8' });
  if (app.copied) cpSync(join(place, app.copied[0]), join(place, app.copied[1]), { recursive: true });
  const server = await serve({
    mounts: [
      { prefix: '/', folder: join(place, app.outDir) },
      { prefix: '/models/scout/', folder: modelFolder },
    ],
  });
  try {
    expect((await runApp(browser, `${server.origin}/`)).length).toBeGreaterThan(0);
  } finally {
    await server.close();
    rmSync(place, { recursive: true });
  }
});
