/**
 * Builds the benchmark for Node into one file without imports, shaders inlined: `.cache/bench-node/bench.mjs`. Beside Node it
 * needs only Dawn, `dawn.node` of the npm package webgpu, whose path it takes from `LONGPAGE_DAWN`.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { wgsl } from '../vite/wgsl-plugin';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Builds and returns the file's path. @throws Error of the bundler */
export async function buildNodeBench(): Promise<string> {
  const outDir = join(root, '.cache/bench-node');
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [readableShaders()],
    ssr: { noExternal: true },
    build: {
      ssr: join(root, 'test/bench/node.ts'),
      outDir,
      emptyOutDir: true,
      target: 'node20',
      rolldownOptions: {
        output: { format: 'es', entryFileNames: 'bench.mjs', codeSplitting: false },
      },
    },
  });
  return join(outDir, 'bench.mjs');
}

/** Where the installed npm package webgpu has its Dawn. */
export function dawnPath(): string {
  const platform = `${process.platform}-${process.platform === 'darwin' ? 'universal' : process.arch}`;
  return join(root, 'node_modules/webgpu/dist', platform, 'dawn.node');
}

/** Shaders as they are written, so that a compile error on a GPU elsewhere can be read. */
function readableShaders(): Plugin {
  const { configResolved: _minify, ...plugin } = wgsl();
  return plugin;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await buildNodeBench());
}
