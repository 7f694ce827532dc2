/** The demo page: served by `npm start`, built into `site/` by `npm run build`. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { wgsl } from './wgsl-plugin.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Whether there is a screen for a browser window: a Linux machine without one only gets the page's address printed. */
const hasScreen = process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);

/** A built page stands on the library as it ships: what its tests show holds for that. */
function builtLibrary(): Plugin {
  const [source, built] = [join(root, 'src/index.ts'), join(root, 'dist/index.js')];
  return {
    name: 'longpage-built-library',
    apply: 'build',
    enforce: 'pre',
    async resolveId(path, importer) {
      const resolved = await this.resolve(path, importer, { skipSelf: true });
      return resolved?.id === source ? built : null;
    },
  };
}

export default defineConfig({
  root: join(root, 'demo'),
  // Relative, so that the site works from any folder of any host.
  base: './',
  publicDir: join(root, 'public'),
  plugins: [wgsl(), builtLibrary()],
  worker: { format: 'es', plugins: () => [wgsl()] },
  server: { open: hasScreen, fs: { allow: [root] } },
  build: {
    outDir: join(root, 'site'),
    emptyOutDir: true,
    target: 'es2023',
    reportCompressedSize: false,
    // Data URLs would need exceptions in a strict Content-Security-Policy.
    assetsInlineLimit: 0,
  },
});
