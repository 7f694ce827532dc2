/** Checks what `dist/` ships: its size, and that nothing in it needs an exception in a strict Content-Security-Policy. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');

/**
 * Library and worker together, minified, in bytes: 250 kB for the runtime alone, and what the hierarchy, the documents and
 * measured head profiles and the sources of answers add.
 */
export const maxBundleBytes = 340_000;

const forbidden = [
  [/\beval\s*\(/, 'calls eval'],
  [/\bnew Function\b|[^.\w]Function\s*\(/, 'makes a function from a string'],
  [/\bWebAssembly\b|\.wasm\b/, 'uses WebAssembly'],
  [/\bcreateObjectURL\b/, 'makes a blob URL'],
  [/\bhttps?:\/\/(?:cdn|unpkg|esm)\b/, 'loads from a CDN'],
  [/^\s*import\b[^(]*from\s*["'](?!\.)/m, 'imports a package at run time'],
];

/**
 * All complaints about the scripts of a bundle.
 * @param {Record<string, string>} scripts source by file name
 */
export function checkBundle(scripts) {
  const complaints = Object.entries(scripts).flatMap(([name, source]) =>
    forbidden.filter(([pattern]) => pattern.test(source)).map(([, what]) => `${name} ${what}`),
  );
  const bytes = Object.values(scripts).reduce((sum, source) => sum + Buffer.byteLength(source), 0);
  if (bytes >= maxBundleBytes) complaints.push(`${bytes} bytes are not below ${maxBundleBytes}`);
  return complaints;
}

function main() {
  const names = readdirSync(dist, { recursive: true });
  const scripts = Object.fromEntries(
    names
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, readFileSync(join(dist, name), 'utf8')]),
  );
  const complaints = checkBundle(scripts);
  const unexpected = names.filter((name) => !['index.js', 'engine-worker.js', 'index.d.ts'].includes(name));
  if (unexpected.length > 0) complaints.push(`dist/ also holds ${unexpected.join(', ')}`);
  for (const complaint of complaints) console.error(complaint);
  const describe = ([name, source]) => {
    const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
    return `${name} ${kilobytes(Buffer.byteLength(source))} (gzip ${kilobytes(gzipSync(source).length)})`;
  };
  console.log(Object.entries(scripts).map(describe).join(', '));
  if (complaints.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
