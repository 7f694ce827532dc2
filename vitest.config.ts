import { defineConfig } from 'vitest/config';
import { gpuEnvironment } from './tools/setup/gpu-environment.mjs';
import { wgsl } from './tools/vite/wgsl-plugin.ts';

// The workers that load Dawn inherit this: a loader path counts only when it is there at process start.
Object.assign(process.env, gpuEnvironment(process.env.LONGPAGE_BROWSER));

/** Unit tests run under Node alone; kernel and engine tests drive a real adapter through Dawn for Node. */
export default defineConfig({
  plugins: [wgsl()],
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'kernels',
          include: ['test/kernels/**/*.test.ts'],
          pool: 'forks',
          setupFiles: ['test/support/gpu-setup.ts'],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'engine',
          include: ['test/engine/**/*.test.ts'],
          pool: 'forks',
          setupFiles: ['test/support/gpu-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
