/** Builds the library when `dist/` is not what its sources give; tells by a hash of the sources. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const stampPath = join(root, '.cache/library.sha256');
const sources = ['src', 'shaders', 'tools/build', 'tools/vite', 'package-lock.json', 'tsconfig.json'];

/** Hash of everything that the library is built from. */
export function hashSources() {
  const hash = createHash('sha256');
  const paths = sources.flatMap((source) =>
    source.includes('.')
      ? [source]
      : readdirSync(join(root, source), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)),
  );
  for (const path of paths.sort()) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  return hash.digest('hex');
}

/** Notes which sources `dist/` was built from. */
export function stampLibrary(hash) {
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, hash);
}

/**
 * Makes `dist/` current and returns its folder. Tells what it does on stderr, and only when it builds.
 * @throws {Error} with the builder's output when the build fails
 */
export function ensureLibrary() {
  const dist = join(root, 'dist');
  const isCurrent =
    existsSync(join(dist, 'index.js')) &&
    existsSync(stampPath) &&
    readFileSync(stampPath, 'utf8') === hashSources();
  if (isCurrent) return dist;
  console.error('Building the library, because its sources changed…');
  const args = ['--import', 'tsx', join(root, 'tools/build/library.ts')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`The library could not be built:\n${stdout}${stderr}`);
  return dist;
}
