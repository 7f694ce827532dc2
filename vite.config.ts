/** `npx vite` serves the page, `npx vite build` builds it into `site/`, `npx vitest run FILE` runs tests. */
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { gpuEnvironment } from './tools/setup/gpu-environment.mjs';
import { LongFirst } from './tools/setup/long-first.ts';
import { builtLibrary } from './tools/vite/built-library-plugin.ts';
import { notices } from './tools/vite/notices-plugin.ts';
import { wgsl } from './tools/vite/wgsl-plugin.ts';

const root = import.meta.dirname;
const isTesting = process.env.VITEST !== undefined;

// The workers that load Dawn inherit this: a loader path counts only when it is there at process start.
if (isTesting) Object.assign(process.env, gpuEnvironment(process.env.LONGPAGE_BROWSER));

/** Whether there is a screen for a browser window: a Linux machine without one only gets the page's address printed. */
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);

/** `npm run test:full` sets `LONGPAGE_FULL`; without it the tests in `*.full.test.ts` stay out. */
const exclude = [...configDefaults.exclude, ...(process.env.LONGPAGE_FULL ? [] : ['**/*.full.test.ts'])];

/** Tests that need no GPU, or bring a browser of their own. */
const plain = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    exclude,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    expect: { poll: { timeout: timeoutMs / 2 } },
  },
});

/** Tests on a real adapter through Dawn for Node. Files share a process, and so what is compiled on the device that they share. */
const gpu = (name: string, timeoutMs: number) => ({
  extends: true as const,
  test: {
    ...plain(name, timeoutMs).test,
    pool: 'forks' as const,
    isolate: false,
    setupFiles: ['test/support/gpu-setup.ts', 'test/support/fresh-file.ts'],
  },
});

export default defineConfig({
  root: isTesting ? root : join(root, 'demo'),
  // Relative, so that the site works from any folder of any host.
  base: './',
  publicDir: isTesting ? false : join(root, 'public'),
  plugins: [wgsl(), builtLibrary(), notices()],
  worker: { format: 'es', plugins: () => [wgsl(), builtLibrary()] },
  server: { open: hasScreen, fs: { allow: [root] } },
  build: {
    outDir: join(root, 'site'),
    emptyOutDir: true,
    target: 'es2023',
    reportCompressedSize: false,
    sourcemap: true,
    // Data URLs would need exceptions in a strict Content-Security-Policy.
    assetsInlineLimit: 0,
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  test: {
    sequence: { sequencer: LongFirst },
    projects: [
      plain('unit', 120_000),
      gpu('kernels', 600_000),
      gpu('engine', 1_200_000),
      plain('browser', 1_200_000),
      plain('package', 1_200_000),
      plain('demo', 1_200_000),
    ],
  },
});
