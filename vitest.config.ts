import { defineConfig } from 'vitest/config';
import { gpuEnvironment } from './tools/setup/gpu-environment.mjs';
import { wgsl } from './tools/vite/wgsl-plugin.ts';

// The workers that load Dawn inherit this: a loader path counts only when it is there at process start.
Object.assign(process.env, gpuEnvironment(process.env.LONGPAGE_BROWSER));

/** `npm run test:full` sets this; without it the tests in `*.full.test.ts` stay out. */
const exclude = process.env.LONGPAGE_FULL ? [] : ['**/*.full.test.ts'];

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
  plugins: [wgsl()],
  test: {
    projects: [
      plain('unit', 20_000),
      gpu('kernels', 120_000),
      gpu('engine', 300_000),
      plain('browser', 180_000),
      plain('package', 180_000),
      plain('demo', 180_000),
    ],
  },
});
