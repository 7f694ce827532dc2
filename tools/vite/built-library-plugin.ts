/** A built page stands on the library as it ships: what its tests show holds for that. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { ensureLibrary } from '../build/ensure-library.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Takes `dist/` in the place of `src/index.ts`, in a build; it is built first where it is not current. Errors of what the page shares
 * with the library besides are of the same class.
 */
export function builtLibrary(): Plugin {
  const sources = ['index.ts', 'util/errors.ts'].map((name) => join(root, 'src', name));
  const dist = join(root, 'dist');
  return {
    name: 'longpage-built-library',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      ensureLibrary();
    },
    async resolveId(path, importer) {
      const resolved = await this.resolve(path, importer, { skipSelf: true });
      return resolved && sources.includes(resolved.id) ? join(dist, 'index.js') : null;
    },
    // With the library's own source maps, those of the page lead to its sources.
    async load(id) {
      if (!id.startsWith(dist) || !id.endsWith('.js')) return null;
      return { code: await readFile(id, 'utf8'), map: await readFile(`${id}.map`, 'utf8') };
    },
  };
}
