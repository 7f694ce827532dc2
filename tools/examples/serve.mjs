/** Serves the examples on the library as it was built, with the embedded model: what a person or a test opens. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { serve } from '../serve/static-server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Names of the examples that are pages. */
export const pageExamples = ['vite', 'script-tag', 'react', 'web-component', 'document-chat'];

/**
 * Serves a page among the examples.
 * @param {string} name one of `pageExamples`
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serveExample(name) {
  const folder = join(root, 'examples', name);
  const dist = join(root, 'dist');
  if (name === 'script-tag') {
    const models = { prefix: '/models/', folder: join(root, 'public/models') };
    const mounts = [{ prefix: '/', folder }, { prefix: '/longpage/', folder: dist }, models];
    const { origin, close } = await serve({ mounts });
    return { url: `${origin}/`, close };
  }
  const server = await createServer({
    root: folder,
    configFile: false,
    logLevel: 'error',
    publicDir: join(root, 'public'),
    resolve: { alias: { longpage: join(dist, 'index.js') } },
    cacheDir: join(root, '.cache/vite', name),
    server: { port: 0, fs: { allow: [root] } },
  });
  await server.listen();
  return { url: server.resolvedUrls.local[0], close: () => server.close() };
}
