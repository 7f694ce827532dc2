/** What `dist/` may be: its size, that its scripts belong together, and that nothing in it breaks a strict Content-Security-Policy. */
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** What a page and its worker name; every other script is imported by one of them. */
const entries = ['index.js', 'engine-worker.js'];
/** Entries beside them, which no load or chat fetches. */
const furtherEntries = ['ai-sdk.js', 'worker.js'];

/**
 * In bytes of gzip. `needed` is what every load and chat fetches: library and worker with all that they import statically.
 * `all` counts the parts too that are fetched on demand.
 */
export const maxGzipBytes = { needed: 150_000, all: 300_000 };

/** What no script may do but those named last. */
const forbidden = [
  [/\beval\s*\(/, 'calls eval'],
  [/\bnew Function\b|[^.\w]Function\s*\(/, 'makes a function from a string'],
  [/\bWebAssembly\b|\.wasm\b/, 'uses WebAssembly'],
  // The library does where it is on another origin than the page: the worker's script is then imported by one of the page's own.
  [/\bcreateObjectURL\b/, 'makes a blob URL', 'index.js'],
  [/\bhttps?:\/\/(?:cdn|unpkg|esm)\b/, 'loads from a CDN'],
  [/^\s*import\b[^(]*from\s*["'](?!\.)/m, 'imports a package at run time'],
];

const staticImport = /\b(?:from|import)\s*["']\.\/([^"']+)["']/g;
const dynamicImport = /\bimport\(\s*["'`]\.\/([^"'`]+)["'`]\s*\)/g;

/**
 * Names of the scripts that entries reach by imports of these kinds, the entries included.
 * @param {Record<string, string>} scripts source by file name
 * @param {string[]} from names of entries; those that are not there do not count
 * @param {RegExp[]} kinds
 */
function reached(scripts, from, ...kinds) {
  const names = new Set(from.filter((name) => name in scripts));
  for (const name of names) {
    for (const kind of kinds) {
      for (const [, imported] of scripts[name].matchAll(kind)) if (imported in scripts) names.add(imported);
    }
  }
  return [...names];
}

/** The scripts that every load fetches. */
export function neededScripts(scripts) {
  return reached(scripts, entries, staticImport);
}

/**
 * Sizes of what every load needs and of all: `raw`, `gzip` and `brotli` in bytes, each script compressed by itself.
 * @param {Record<string, string>} scripts source by file name
 */
export function measureBundle(scripts) {
  const sizeOf = (names) => {
    const size = { raw: 0, gzip: 0, brotli: 0 };
    for (const name of names) {
      const bytes = Buffer.from(scripts[name]);
      size.raw += bytes.length;
      size.gzip += gzipSync(bytes).length;
      size.brotli += brotliCompressSync(bytes).length;
    }
    return size;
  };
  return { needed: sizeOf(neededScripts(scripts)), all: sizeOf(Object.keys(scripts)) };
}

/**
 * All complaints about the scripts of a bundle.
 * @param {Record<string, string>} scripts source by file name
 * @param sizes as `measureBundle` gives them
 */
export function checkBundle(scripts, sizes = measureBundle(scripts)) {
  const complaints = Object.entries(scripts).flatMap(([name, source]) =>
    forbidden
      .filter(([pattern, , allowed]) => name !== allowed && pattern.test(source))
      .map(([, what]) => `${name} ${what}`),
  );
  const used = reached(scripts, [...entries, ...furtherEntries], staticImport, dynamicImport);
  for (const name of Object.keys(scripts))
    if (!used.includes(name)) complaints.push(`nobody imports ${name}`);
  for (const [what, most] of Object.entries(maxGzipBytes)) {
    const { gzip } = sizes[what];
    if (gzip > most) complaints.push(`${gzip} bytes of gzip (${what}) are more than ${most}`);
  }
  return complaints;
}

/**
 * A line on sizes, with the change since others where those are known: 'needed 352.7 kB (+0.2), gzip 98.1 (-0.1), …'.
 * @param sizes as `measureBundle` gives them
 * @param before likewise, or undefined
 */
export function describeSizes(sizes, before) {
  const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
  const change = (bytes) => `${bytes < 0 ? '' : '+'}${kilobytes(bytes)}`;
  const describe = (what) =>
    Object.entries(sizes[what]).map(
      ([kind, bytes]) =>
        `${kind} ${kilobytes(bytes)}${before ? ` (${change(bytes - before[what][kind])})` : ''}`,
    );
  return Object.keys(sizes)
    .map((what) => `${what} kB: ${describe(what).join(', ')}`)
    .join('; ');
}
