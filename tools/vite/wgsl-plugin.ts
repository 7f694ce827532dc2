/** Lets TypeScript import a `.wgsl` file as a string; builds minify it, tests and the dev server keep it as it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { minifyWgsl, planNames, type NamePlan } from './wgsl-minify.ts';

const shaders = join(dirname(fileURLToPath(import.meta.url)), '../../shaders');

/** Short names for all shaders of the repository. */
export function planShaderNames(): NamePlan {
  const paths = readdirSync(shaders, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.wgsl'),
  );
  return planNames(paths.sort().map((path) => readFileSync(join(shaders, path), 'utf8')));
}

/** See the file's header. */
export function wgsl(): Plugin {
  let names: NamePlan | undefined;
  return {
    name: 'longpage-wgsl',
    enforce: 'pre',
    configResolved(config) {
      names = config.command === 'build' ? planShaderNames() : undefined;
    },
    async load(id) {
      const [path] = id.split('?');
      if (!path?.endsWith('.wgsl')) return null;
      const source = await readFile(path, 'utf8');
      this.addWatchFile(path);
      const text = names ? minifyWgsl(source, names) : source;
      return { code: `export default ${JSON.stringify(text)};`, map: null };
    },
  };
}
