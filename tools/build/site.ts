/** Builds the demo into `site/`: static files with relative URLs, for any host. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const configFile = join(dirname(fileURLToPath(import.meta.url)), '../vite/demo.config.ts');
await build({ configFile, logLevel: 'warn' });
console.log('site: built');
