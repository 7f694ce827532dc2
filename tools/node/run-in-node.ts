/** The half of a command that runs under Dawn for Node: built into one file and started. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildNodeBundle, dawnPath } from '../build/node-bundle';
import { gpuEnvironment } from '../setup/gpu-environment.mjs';

/**
 * Builds `entry`, relative to the repository, and runs it to its end with this terminal. It says itself what went wrong.
 * @param name of the bundle
 * @param environment further variables; by default the GPU is chosen as everywhere
 * @returns its exit code
 */
export async function runInNode(
  entry: string,
  name: string,
  args: readonly string[],
  environment: Record<string, string> = gpuEnvironment(process.env['LONGPAGE_BROWSER']),
): Promise<number> {
  const bundle = await buildNodeBundle(entry, name);
  const { status } = spawnSync(process.execPath, [bundle, ...args], {
    cwd: join(import.meta.dirname, '../..'),
    env: { LONGPAGE_DAWN: dawnPath(), ...process.env, ...environment },
    stdio: 'inherit',
  });
  return status ?? 1;
}
