/**
 * Builds a program on the engine into one file for Node without imports, shaders inlined: it runs on a machine that has this
 * file and Dawn alone. Dawn is `dawn.node` of the npm package webgpu, whose path such a program takes from `LONGPAGE_DAWN`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { wgsl } from '../vite/wgsl-plugin';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Where the installed npm package webgpu has its Dawn. */
export function dawnPath(): string {
  const platform = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
  return join(root, 'node_modules/webgpu/dist', platform, 'dawn.node');
}

/**
 * Builds `.cache/NAME-node/NAME.mjs` and returns its path.
 * @param entry relative to the repository
 * @throws Error of the bundler
 */
export async function buildNodeBundle(entry: string, name: string): Promise<string> {
  const outDir = join(root, `.cache/${name}-node`);
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    // A compile error on a GPU elsewhere can then be read.
    plugins: [wgsl({ keepComments: true })],
    ssr: { noExternal: true },
    build: {
      ssr: join(root, entry),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: { output: { format: 'es', entryFileNames: `${name}.mjs`, codeSplitting: false } },
    },
  });
  return join(outDir, `${name}.mjs`);
}
