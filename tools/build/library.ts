/**
 * Builds the library into `dist/`: its scripts with their source maps, a declaration file for each entry, `index.d.ts` without any
 * imports, and the notices of the packages in it. Written
 * beside `dist/` first and moved there when complete, so that a tool that runs meanwhile never meets half of it.
 */
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { hashSources, stampLibrary } from './ensure-library.mjs';
import { noticesName, noticesOf, packagesOf, sourcesIn } from './notices';
import { buildScripts } from './scripts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const outDir = join(root, `.cache/dist-${process.pid}`);

/** Rolls all types that an entry needs up into one declaration file. */
async function buildTypes(name: string, source: string): Promise<void> {
  const bundle = await rolldown({
    input: { [name]: join(root, source) },
    external: ['@ai-sdk/provider'],
    cwd: root,
    checks: { bundlerTimings: false },
    plugins: [
      dts({
        emitDtsOnly: true,
        tsconfig: join(root, 'tsconfig.json'),
        compilerOptions: { noEmit: false, stripInternal: true },
      }),
    ],
  });
  await bundle.write({ dir: outDir, format: 'es', entryFileNames: '[name].js' });
  await bundle.close();
  // The GPU's types come with a package of their own in a TypeScript project, and a reference finds them.
  const path = join(outDir, `${name}.d.ts`);
  const text = await readFile(path, 'utf8');
  const references = [
    /\bGPU[A-Z]/.test(text) && '/// <reference types="@webgpu/types" />\n',
    // `await using` is newer than what most projects have in their "lib".
    text.includes('Symbol.asyncDispose') && '/// <reference lib="esnext.disposable" />\n',
  ];
  await writeFile(path, references.filter(Boolean).join('') + text);
}

const sourcesHash = hashSources();
await buildScripts(root, outDir);
await buildTypes('index', 'src/index.ts');
await buildTypes('ai-sdk', 'src/ai-sdk/index.ts');
await buildTypes('worker', 'src/worker/worker.ts');
const packages = packagesOf(sourcesIn(outDir));
await writeFile(join(outDir, noticesName), noticesOf(packages, join(root, 'node_modules')));
const scripts = (await readdir(outDir)).filter((name) => /\.(js|d\.ts)$/.test(name)).sort();
const sizes = await Promise.all(
  scripts.map(async (name) => {
    const { size } = await stat(join(outDir, name));
    return `${name} ${(size / 1000).toFixed(1)} kB`;
  }),
);
const dist = join(root, 'dist');
await rm(dist, { recursive: true, force: true });
await rename(outDir, dist);
stampLibrary(sourcesHash);
console.log(`dist: ${sizes.join(', ')}`);
