/** Lets TypeScript import a `.wgsl` file as a string: as it is written, or in a build without comments and indentation. */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'vite';
import { stripWgsl } from './strip-wgsl.ts';

/**
 * See the file's header.
 * @param options `keepComments`: builds keep shaders as they are written too
 */
export function wgsl({ keepComments = false } = {}): Plugin {
  let isStripping = false;
  return {
    name: 'longpage-wgsl',
    enforce: 'pre',
    configResolved(config) {
      isStripping = config.command === 'build' && !keepComments;
    },
    async load(id) {
      const [path = ''] = id.split('?');
      if (!path.endsWith('.wgsl')) return null;
      this.addWatchFile(path);
      const text = await readFile(path, 'utf8');
      return { code: `export default ${JSON.stringify(isStripping ? stripWgsl(text) : text)};`, map: null };
    },
  };
}
