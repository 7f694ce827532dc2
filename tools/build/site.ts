/** Builds the demo on the built library into `site/`: static files with relative URLs, for any host. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { ensureLibrary } from './ensure-library.mjs';

const configFile = join(dirname(fileURLToPath(import.meta.url)), '../vite/demo.config.ts');
ensureLibrary();
await build({ configFile, logLevel: 'warn' });
console.log('site: built');
