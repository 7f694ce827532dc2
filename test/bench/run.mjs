/**
 * Runs a TypeScript file of this folder under Node with Dawn as its GPU: `node test/bench/run.mjs kernels-linear [arguments]`.
 * A child process does the work, since a loader path counts only when it is there at process start.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { gpuEnvironment } from '../../tools/setup/gpu-environment.mjs';

const childMark = 'LONGPAGE_BENCH_CHILD';
const [name, ...rest] = process.argv.slice(2);

if (process.env[childMark]) {
  const { runnerImport } = await import('vite');
  const { wgsl } = await import('../../tools/vite/wgsl-plugin.ts');
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const { module } = await runnerImport(`${folder}${name}.ts`, { configFile: false, plugins: [wgsl()] });
  await module.main(rest);
  process.exit(0);
}
const environment = { ...process.env, ...gpuEnvironment(process.env['LONGPAGE_BROWSER']), [childMark]: '1' };
const { status } = spawnSync(process.execPath, ['--import', 'tsx', ...process.argv.slice(1)], {
  env: environment,
  stdio: 'inherit',
});
process.exit(status ?? 1);
