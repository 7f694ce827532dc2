/** Checks what `dist/` ships: its size, and that nothing in it needs an exception in a strict Content-Security-Policy. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '../dist');

/** What a page and its worker name; every other script is imported by one of them. */
const entries = ['index.js', 'engine-worker.js'];

/**
 * Minified, in bytes. `needed` is what every load and chat fetches: library and worker with all that they import statically.
 * The aim is 250,000: of what is there the template engine takes 45,000, the tokenizer 29,000 and shaders 13,000, and the rest
 * is one engine, which no load can do without. `all` counts the parts too that are fetched on demand.
 */
export const maxBytes = { needed: 274_000, all: 337_200 };

const forbidden = [
  [/\beval\s*\(/, 'calls eval'],
  [/\bnew Function\b|[^.\w]Function\s*\(/, 'makes a function from a string'],
  [/\bWebAssembly\b|\.wasm\b/, 'uses WebAssembly'],
  [/\bcreateObjectURL\b/, 'makes a blob URL'],
  [/\bhttps?:\/\/(?:cdn|unpkg|esm)\b/, 'loads from a CDN'],
  [/^\s*import\b[^(]*from\s*["'](?!\.)/m, 'imports a package at run time'],
];

const staticImport = /\b(?:from|import)\s*["']\.\/([^"']+)["']/g;
const dynamicImport = /\bimport\(\s*["'`]\.\/([^"'`]+)["'`]\s*\)/g;

/** Names of the scripts that the entries reach by imports of these kinds, the entries included. */
function reached(scripts, ...kinds) {
  const names = new Set(entries.filter((name) => name in scripts));
  for (const name of names) {
    for (const kind of kinds) {
      for (const [, imported] of scripts[name].matchAll(kind)) if (imported in scripts) names.add(imported);
    }
  }
  return [...names];
}

/** The scripts that every load fetches. */
export function neededScripts(scripts) {
  return reached(scripts, staticImport);
}

function sumBytes(scripts, names) {
  return names.reduce((sum, name) => sum + Buffer.byteLength(scripts[name]), 0);
}

/**
 * All complaints about the scripts of a bundle.
 * @param {Record<string, string>} scripts source by file name
 */
export function checkBundle(scripts) {
  const complaints = Object.entries(scripts).flatMap(([name, source]) =>
    forbidden.filter(([pattern]) => pattern.test(source)).map(([, what]) => `${name} ${what}`),
  );
  const used = reached(scripts, staticImport, dynamicImport);
  for (const name of Object.keys(scripts))
    if (!used.includes(name)) complaints.push(`nobody imports ${name}`);
  const bytes = {
    needed: sumBytes(scripts, neededScripts(scripts)),
    all: sumBytes(scripts, Object.keys(scripts)),
  };
  for (const [what, most] of Object.entries(maxBytes)) {
    if (bytes[what] >= most) complaints.push(`${bytes[what]} bytes (${what}) are not below ${most}`);
  }
  return complaints;
}

function describe(label, scripts, names) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const zipped = names.reduce((sum, name) => sum + gzipSync(scripts[name]).length, 0);
  return `${label} ${kilobytes(sumBytes(scripts, names))} (gzip ${kilobytes(zipped)}): ${names.join(', ')}`;
}

function main() {
  const names = readdirSync(dist, { recursive: true });
  const scripts = Object.fromEntries(
    names
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, readFileSync(join(dist, name), 'utf8')]),
  );
  const complaints = checkBundle(scripts);
  const unexpected = names.filter((name) => !(name in scripts) && name !== 'index.d.ts');
  if (unexpected.length > 0) complaints.push(`dist/ also holds ${unexpected.join(', ')}`);
  for (const complaint of complaints) console.error(complaint);
  const needed = neededScripts(scripts);
  const onDemand = Object.keys(scripts).filter((name) => !needed.includes(name));
  console.log([describe('needed', scripts, needed), describe('on demand', scripts, onDemand)].join('; '));
  if (complaints.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
