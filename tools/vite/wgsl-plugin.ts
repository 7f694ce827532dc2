/** Lets TypeScript import a `.wgsl` file as a string; builds strip its comments, tests and the dev server keep them. */
import { readFile } from 'node:fs/promises';
import type { Plugin } from 'vite';

/** Removes `//` and nested block comments, trailing blanks and empty lines from WGSL source. */
export function stripWgslComments(source: string): string {
  let result = '';
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    const pair = source.slice(i, i + 2);
    if (pair === '/*') {
      depth++;
      i++;
    } else if (depth > 0) {
      if (pair === '*/') {
        depth--;
        i++;
      }
    } else if (pair === '//') {
      while (i < source.length && source[i] !== '\n') i++;
      result += '\n';
    } else {
      result += source[i];
    }
  }
  return result
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
}

export function wgsl(): Plugin {
  let strip = false;
  return {
    name: 'longpage-wgsl',
    enforce: 'pre',
    configResolved(config) {
      strip = config.command === 'build';
    },
    async load(id) {
      const [path] = id.split('?');
      if (!path?.endsWith('.wgsl')) return null;
      const source = await readFile(path, 'utf8');
      this.addWatchFile(path);
      const text = strip ? stripWgslComments(source) : source;
      return { code: `export default ${JSON.stringify(text)};`, map: null };
    },
  };
}
