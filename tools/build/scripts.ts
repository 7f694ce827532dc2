/** The library's scripts: what `dist/` has beside its types, and what the report on sizes compares them with. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeSplittingNameFunction } from 'rolldown';
import { build } from 'vite';
import { libraryWorker, quoteWorkerExpression } from '../vite/library-worker-plugin';
import { wgsl } from '../vite/wgsl-plugin';

/** Names a script for what an entry imports statically, itself or by others; null for all else. */
function staticParts(entry: string, nameOf: (id: string) => string | null): CodeSplittingNameFunction {
  let isStatic: Set<string> | undefined;
  return (id, context) => {
    if (!isStatic) {
      isStatic = new Set([entry]);
      for (const known of isStatic)
        for (const imported of context.getModuleInfo(known)?.importedIds ?? []) isStatic.add(imported);
    }
    return isStatic.has(id) ? nameOf(id) : null;
  };
}

/**
 * Puts all that an entry imports statically into one script beside it. Nothing may import the entry itself: a dev server gives
 * a worker another URL than its parts would import, and so it would run twice.
 */
const beside = (entry: string, name: string) => staticParts(entry, (id) => (id === entry ? null : name));

/** What an entry shares with its parts on demand. */
const shared = (entry: string) =>
  staticParts(entry, (id) => (/[\\/]src[\\/](?:api|util)[\\/]/.test(id) ? 'api' : null));

/** Shaders that variants fetch: few, and small. So they are one script. */
const fetchedShaders: CodeSplittingNameFunction = (id, context) =>
  id.endsWith('.wgsl') && context.getModuleInfo(id)?.importers.length === 0 ? 'rare-shaders' : null;

interface Entry {
  readonly name: string;
  readonly path: string;
  /** The script with all that it always needs; without one, what it shares with its parts on demand is a script. */
  readonly staticName?: string;
}

/** Builds one entry into minified files with source maps. */
async function buildEntry(root: string, outDir: string, { name, path, staticName }: Entry): Promise<void> {
  const entry = join(root, path);
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    plugins: [wgsl(), libraryWorker()],
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: false,
      reportCompressedSize: false,
      sourcemap: true,
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
                  { debugName: 'rare-shaders', name: fetchedShaders },
                  // Several parts on demand share it.
                  { name: 'idb', test: /node_modules\/idb\// },
                ],
              }
            : { groups: [{ debugName: 'api', name: shared(entry) }] },
          minify: true,
        },
      },
    },
  });
}

/**
 * Builds the scripts of the sources in `root` into `outDir`: `index.js` with `api.js`, and `engine-worker.js` with `engine.js`,
 * which every load needs; and one for each part that is fetched when it is first used. The worker is built apart, because a
 * bundler that meets it in somebody's application takes it for an entry of its own.
 */
export async function buildScripts(root: string, outDir: string): Promise<void> {
  await buildEntry(root, outDir, { name: 'index', path: 'src/index.ts' });
  await buildEntry(root, outDir, { name: 'ai-sdk', path: 'src/ai-sdk/index.ts' });
  const worker = { name: 'engine-worker', path: 'src/worker/engine-worker.ts', staticName: 'engine' };
  await buildEntry(root, outDir, worker);
  const entryPath = join(outDir, 'index.js');
  await writeFile(entryPath, quoteWorkerExpression(await readFile(entryPath, 'utf8')));
}
