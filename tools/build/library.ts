/**
 * Builds the library into `dist/`: `index.js` and `index.d.ts`, each one file without imports; `engine-worker.js` with
 * `engine.js`, which every load needs; and a script for each part that is fetched when it is first used. The worker is built
 * apart, because a bundler that meets it in somebody's application takes it for an entry of its own. Written beside `dist/`
 * first and moved there when complete, so that a tool that runs meanwhile never meets half of it.
 */
import { readFileSync } from 'node:fs';
import { readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown, type CodeSplittingNameFunction } from 'rolldown';
import { minify } from 'rolldown/utils';
import { dts } from 'rolldown-plugin-dts';
import { build } from 'vite';
import { libraryWorker, quoteWorkerExpression } from '../vite/library-worker-plugin';
import { packageCuts } from '../vite/package-cuts';
import { wgsl } from '../vite/wgsl-plugin';
import { hashSources, stampLibrary } from './ensure-library.mjs';
import { readSources, shortNames } from './short-names';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const outDir = join(root, `.cache/dist-${process.pid}`);

/**
 * Puts all that an entry imports statically into one script beside it. Nothing may import the entry itself: a dev server gives
 * a worker another URL than its parts would import, and so it would run twice.
 */
function beside(entry: string, name: string): CodeSplittingNameFunction {
  let isStatic: Set<string> | undefined;
  return (id, context) => {
    if (!isStatic) {
      isStatic = new Set([entry]);
      for (const known of isStatic)
        for (const imported of context.getModuleInfo(known)?.importedIds ?? []) isStatic.add(imported);
    }
    return id !== entry && isStatic.has(id) ? name : null;
  };
}

/** Builds one entry into minified files: one, or what it always needs and what it fetches on demand. */
async function buildEntry(name: string, path: string, staticName?: string): Promise<void> {
  const entry = join(root, path);
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [wgsl(), libraryWorker(), packageCuts()],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: false,
      reportCompressedSize: false,
      // A library leaves it to its user's bundler what is fetched ahead of an `import()`.
      lib: { entry: { [name]: entry }, formats: ['es'] },
      rolldownOptions: {
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          codeSplitting: staticName
            ? {
                groups: [
                  { debugName: staticName, name: beside(entry, staticName) },
                  // Several parts on demand share it.
                  { name: 'idb', test: /node_modules\/idb\// },
                ],
              }
            : false,
          minify: true,
        },
      },
    },
  });
}

/** Rolls all types that the public surface needs up into one declaration file. */
async function buildTypes(): Promise<void> {
  const bundle = await rolldown({
    input: { index: join(root, 'src/index.ts') },
    cwd: root,
    checks: { pluginTimings: false },
    plugins: [
      dts({ emitDtsOnly: true, tsconfig: join(root, 'tsconfig.json'), compilerOptions: { noEmit: false } }),
    ],
  });
  await bundle.write({ dir: outDir, format: 'es', entryFileNames: '[name].js' });
  await bundle.close();
  // The GPU's types come with a package of their own in a TypeScript project, and a reference finds them.
  const path = join(outDir, 'index.d.ts');
  const text = await readFile(path, 'utf8');
  if (/\bGPU[A-Z]/.test(text)) await writeFile(path, `/// <reference types="@webgpu/types" />\n${text}`);
}

/** Sources whose names of properties are stored: in documents, and in what says which documents fit an engine. */
const keptSources = [
  'src/documents/manifest.ts',
  'src/documents/document-database.ts',
  'src/documents/archive.ts',
  'src/documents/document-fingerprint.ts',
  'src/config/rope-config.ts',
];
/** Packages that are in the bundle as a whole: nobody else reads their names, so they are ours to shorten. */
const ownedPackages = ['@huggingface/jinja/dist/index.js', '@huggingface/tokenizers/dist/tokenizers.mjs'];
/** Types of the platform, and of a package whose objects are the platform's. */
const knownTypes = ['typescript/lib', '@webgpu/types/dist', 'idb/build'];

/** Gives properties that only our own code knows short names, in all scripts the same. */
async function shortenProperties(): Promise<void> {
  const scripts = (await readdir(outDir)).filter((name) => name.endsWith('.js'));
  const built = await Promise.all(scripts.map((name) => readFile(join(outDir, name), 'utf8')));
  const names = shortNames({
    own: readSources(join(root, 'src'), '.ts'),
    packages: ownedPackages.map((path) => readFileSync(join(root, 'node_modules', path), 'utf8')),
    kept: keptSources.flatMap((path) => readSources(join(root, path), '.ts')),
    known: [
      ...knownTypes.flatMap((path) => readSources(join(root, 'node_modules', path), '.d.ts')),
      await readFile(join(outDir, 'index.d.ts'), 'utf8'),
    ],
    built,
  });
  const mangleProps = { include: new RegExp(`^(?:${Object.keys(names).join('|')})$`), cache: names };
  for (const [i, name] of scripts.entries()) {
    const { code, errors } = await minify(name, built[i]!, { module: true, mangleProps });
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
    await writeFile(join(outDir, name), code);
  }
}

const sourcesHash = hashSources();
await buildEntry('index', 'src/index.ts');
await buildEntry('engine-worker', 'src/worker/engine-worker.ts', 'engine');
await buildTypes();
await shortenProperties();
const entryPath = join(outDir, 'index.js');
await writeFile(entryPath, quoteWorkerExpression(await readFile(entryPath, 'utf8')));
const sizes = await Promise.all(
  (await readdir(outDir)).sort().map(async (name) => {
    const { size } = await stat(join(outDir, name));
    return `${name} ${(size / 1000).toFixed(1)} kB`;
  }),
);
const dist = join(root, 'dist');
await rm(dist, { recursive: true, force: true });
await rename(outDir, dist);
stampLibrary(sourcesHash);
console.log(`dist: ${sizes.join(', ')}`);
