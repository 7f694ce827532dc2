/** Lets TypeScript import a `.wgsl` file as a string; builds minify it, tests and the dev server keep it as it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { minifyWgsl, planNames, type NamePlan } from './wgsl-minify.ts';

const shaders = join(dirname(fileURLToPath(import.meta.url)), '../../shaders');

/** All shaders of the repository: source by path. */
function readShaders(): Map<string, string> {
  const names = readdirSync(shaders, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.wgsl'),
  );
  return new Map(
    names.sort().map((name) => [join(shaders, name), readFileSync(join(shaders, name), 'utf8')]),
  );
}

/** Short names for all shaders of the repository. */
export function planShaderNames(): NamePlan {
  return planNames([...readShaders().values()]);
}

/** See the file's header. */
export function wgsl(): Plugin {
  // A build takes every source as it was when the names were planned: a file that changes meanwhile must not mix in.
  let minified: Map<string, string> | undefined;
  return {
    name: 'longpage-wgsl',
    enforce: 'pre',
    configResolved(config) {
      if (config.command !== 'build') return;
      const sources = readShaders();
      const plan = planNames([...sources.values()]);
      minified = new Map([...sources].map(([path, source]) => [path, minifyWgsl(source, plan)]));
    },
    async load(id) {
      const [path] = id.split('?');
      if (!path?.endsWith('.wgsl')) return null;
      this.addWatchFile(path);
      const text = minified?.get(normalize(path)) ?? (await readFile(path, 'utf8'));
      return { code: `export default ${JSON.stringify(text)};`, map: null };
    },
  };
}
