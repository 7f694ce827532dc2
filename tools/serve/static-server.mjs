/** A small static file server for tools and tests: folders under prefixes, byte ranges, headers as asked. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';

const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * The bytes that a `Range` header asks for, end-inclusive; undefined when there is no usable header (send everything),
 * null when the range lies outside the file.
 * @param {string | undefined} header
 * @param {number} sizeBytes
 */
export function parseRange(header, sizeBytes) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const isSuffix = match[1] === '';
  const start = isSuffix ? Math.max(0, sizeBytes - Number(match[2])) : Number(match[1]);
  const end = isSuffix || match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  return start > end ? null : { start, end };
}

/** The file that a request path means, or undefined when it leaves its folder or belongs to none. */
export function resolvePath(mounts, pathname) {
  const decoded = decodeURIComponent(pathname);
  const mount = mounts
    .filter(({ prefix }) => decoded.startsWith(prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (!mount) return undefined;
  const folder = resolve(mount.folder);
  const path = join(folder, decoded.slice(mount.prefix.length));
  return path === folder || path.startsWith(folder + sep) ? path : undefined;
}

async function findFile(mounts, pathname) {
  const path = resolvePath(mounts, pathname);
  if (!path) return undefined;
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile()) return { path, sizeBytes: info.size };
  if (!info?.isDirectory() || !pathname.endsWith('/')) return undefined;
  return findFile(mounts, `${pathname}index.html`);
}

async function respond(request, response, { mounts, pages, headers }) {
  const { pathname } = new URL(request.url, 'http://localhost');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Cache-Control', 'no-store');
  if (pages[pathname] !== undefined) {
    response.setHeader('Content-Type', contentTypes[extname(pathname)] ?? contentTypes['.html']);
    response.end(pages[pathname]);
    return;
  }
  const file = await findFile(mounts, pathname);
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  const range = parseRange(request.headers.range, file.sizeBytes);
  if (range === null) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.sizeBytes}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 };
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', contentTypes[extname(file.path)] ?? 'application/octet-stream');
  response.setHeader('Content-Length', end - start + 1);
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.sizeBytes}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || file.sizeBytes === 0) response.end();
  else
    createReadStream(file.path, { start, end })
      .on('error', () => response.destroy())
      .pipe(response);
}

/**
 * Starts a server on a free port of the loopback interface.
 * @param {object} options
 * @param {{ prefix: string, folder: string }[]} [options.mounts] the longest matching prefix wins; each ends with '/'
 * @param {Record<string, string>} [options.pages] texts by path, HTML where the path has no known extension
 * @param {Record<string, string>} [options.headers] sent with every response
 * @returns {Promise<{ origin: string, close: () => Promise<void> }>}
 */
export async function serve({ mounts = [], pages = {}, headers = {} }) {
  const server = createServer((request, response) => {
    respond(request, response, { mounts, pages, headers }).catch((error) => {
      if (!response.headersSent) response.writeHead(error instanceof URIError ? 400 : 500);
      response.end();
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
