/** Writes the notices of the packages that a build holds beside its scripts, when these and their source maps are written. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { noticesName, noticesOf, packagesOf, sourcesIn } from '../build/notices.ts';

const modules = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules');

/** See the file's header. */
export function notices(): Plugin {
  let outDir = '';
  return {
    name: 'longpage-notices',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    writeBundle() {
      writeFileSync(join(outDir, noticesName), noticesOf(packagesOf(sourcesIn(outDir)), modules));
    },
  };
}
