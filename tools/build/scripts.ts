/** The library's scripts: what `dist/` has beside its types, and what the report on sizes compares them with. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CodeSplittingNameFunction } from 'rolldown';
import { build } from 'vite';
import { libraryWorker, quoteWorkerExpression } from '../vite/library-worker-plugin';
import { wgsl } from '../vite/wgsl-plugin';

/** Names a script for what entries import statically, themselves or by others; null for all else. */
function staticParts(
  entries: readonly string[],
  nameOf: (id: string) => string | null,
): CodeSplittingNameFunction {
  let isStatic: Set<string> | undefined;
  return (id, context) => {
    if (!isStatic) {
      isStatic = new Set(entries);
      for (const known of isStatic)
        for (const imported of context.getModuleInfo(known)?.importedIds ?? []) isStatic.add(imported);
    }
    return isStatic.has(id) ? nameOf(id) : null;
  };
}

/**
 * Puts all that entries import statically into one script beside them. Nothing may import an entry itself: a dev server gives
 * a worker another URL than its parts would import, and so it would run twice.
 */
const beside = (entries: readonly string[], name: string) =>
  staticParts(entries, (id) => (entries.includes(id) ? null : name));

/** What entries share with their parts on demand. */
const shared = (entries: readonly string[]) =>
  staticParts(entries, (id) => (/[\\/]src[\\/](?:api|util)[\\/]/.test(id) ? 'api' : null));

/** Shaders that variants fetch: few, and small. So they are one script. */
const fetchedShaders: CodeSplittingNameFunction = (id, context) =>
  id.endsWith('.wgsl') && context.getModuleInfo(id)?.importers.length === 0 ? 'rare-shaders' : null;

/** Sources of entries by the names of their scripts. */
type Entries = Readonly<Record<string, string>>;

/**
 * Builds entries into minified files with source maps.
 * @param staticName the script with all that they always need; without one, what they share with their parts on demand is a script
 */
async function buildEntries(
  root: string,
  outDir: string,
  entries: Entries,
  staticName?: string,
): Promise<void> {
  const paths = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]));
  const sources = Object.values(paths);
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
      lib: { entry: paths, formats: ['es'] },
      rolldownOptions: {
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          codeSplitting: staticName
            ? {
                groups: [
                  { debugName: staticName, name: beside(sources, staticName) },
                  { debugName: 'rare-shaders', name: fetchedShaders },
                  // Several parts on demand share it.
                  { name: 'idb', test: /node_modules\/idb\// },
                ],
              }
            : { groups: [{ debugName: 'api', name: shared(sources) }] },
          minify: true,
        },
      },
    },
  });
}

/**
 * Builds the scripts of the sources in `root` into `outDir`: `index.js` with `api.js`, and `engine-worker.js` with `engine.js`,
 * which every load needs; `worker.js`, which puts `engine.js` into a worker of the application's own; and one for each part that is
 * fetched when it is first used. The worker is built apart, because a bundler that meets it in somebody's application takes it for an
 * entry of its own.
 */
export async function buildScripts(root: string, outDir: string): Promise<void> {
  await buildEntries(root, outDir, { index: 'src/index.ts' });
  await buildEntries(root, outDir, { 'ai-sdk': 'src/ai-sdk/index.ts' });
  const workers = { 'engine-worker': 'src/worker/engine-worker.ts', worker: 'src/worker/worker.ts' };
  await buildEntries(root, outDir, workers, 'engine');
  const entryPath = join(outDir, 'index.js');
  await writeFile(entryPath, quoteWorkerExpression(await readFile(entryPath, 'utf8')));
}
