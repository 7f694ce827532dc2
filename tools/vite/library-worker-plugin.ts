/**
 * Keeps the library's worker a file of its own beside the entry: `new Worker(new URL('./engine-worker.js',
 * import.meta.url), { type: 'module' })` stays as it is written, which is the form that Vite, webpack and browsers
 * without any bundler all understand.
 */
import type { Plugin } from 'vite';

/** The worker's source as `src/worker/engine-client.ts` names it, and its file in `dist/`. */
const workerSource = /new URL\(\s*'\.\/engine-worker(?:\.ts)?',\s*import\.meta\.url\s*\)/;
/** The same expression in the built entry, up to the options' closing brace. */
const builtWorker =
  /new Worker\(new URL\(\s*(?:\/\* @vite-ignore \*\/)?\s*[`'"]\.\/engine-worker\.js[`'"],import\.meta\.url\),\{[^{}]*\}/;

/** A source map that says of each line that it is the same line of the source. */
const sameLines = (code: string) =>
  code
    .replace(/[^\n]+/g, '')
    .replace(/^/, 'AAAA')
    .replaceAll('\n', ';AACA');

/** Points the worker's URL at the built file, and away from Vite's own handling of workers. */
export function libraryWorker(): Plugin {
  return {
    name: 'longpage-library-worker',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/src/worker/engine-client.ts')) return null;
      if (!workerSource.test(code))
        this.error('engine-client.ts no longer creates its worker in the known form.');
      return {
        code: code.replace(workerSource, "new URL(/* @vite-ignore */ './engine-worker.js', import.meta.url)"),
        map: { version: 3, names: [], sources: [id], mappings: sameLines(code) },
      };
    },
  };
}

/**
 * The built entry with plain quotes where it creates its worker, and without the comment for our own build: the minifier writes
 * template literals there, which not every bundler takes for constants. Lines and columns stay, as its source map has them.
 * @throws Error when the entry does not create its worker in the form that bundlers recognise
 */
export function quoteWorkerExpression(entry: string): string {
  if (!builtWorker.test(entry))
    throw new Error('The built entry does not create its worker in the known form.');
  return entry.replace(builtWorker, (expression) =>
    expression.replace('/* @vite-ignore */', '').replaceAll('`', '"'),
  );
}
