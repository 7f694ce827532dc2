/** The demo page: served by `npm start`, built into `site/` by `npm run build`. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { wgsl } from './wgsl-plugin.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Whether there is a screen for a browser window: a Linux machine without one only gets the page's address printed. */
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);

/** A built page stands on the library as it ships: what its tests show holds for that. */
function builtLibrary(): Plugin {
  const [source, dist] = [join(root, 'src/index.ts'), join(root, 'dist')];
  return {
    name: 'longpage-built-library',
    apply: 'build',
    enforce: 'pre',
    async resolveId(path, importer) {
      const resolved = await this.resolve(path, importer, { skipSelf: true });
      return resolved?.id === source ? join(dist, 'index.js') : null;
    },
    // With the library's own source maps, those of the page lead to its sources.
    async load(id) {
      if (!id.startsWith(dist) || !id.endsWith('.js')) return null;
      return { code: await readFile(id, 'utf8'), map: await readFile(`${id}.map`, 'utf8') };
    },
  };
}

export default defineConfig({
  root: join(root, 'demo'),
  // Relative, so that the site works from any folder of any host.
  base: './',
  publicDir: join(root, 'public'),
  plugins: [wgsl(), builtLibrary()],
  worker: { format: 'es', plugins: () => [wgsl(), builtLibrary()] },
  server: { open: hasScreen, fs: { allow: [root] } },
  build: {
    outDir: join(root, 'site'),
    emptyOutDir: true,
    target: 'es2023',
    reportCompressedSize: false,
    sourcemap: true,
    // Data URLs would need exceptions in a strict Content-Security-Policy.
    assetsInlineLimit: 0,
  },
});
