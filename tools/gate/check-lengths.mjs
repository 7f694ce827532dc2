/**
 * Checks that files stay short. `wanted` is what a file should have at most, and what is longer is told; beyond `most` a file must
 * say why in its header, in a sentence that begins with "Long because".
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesUnder, root } from './files.mjs';

/** Lines by the ending of a file's name. */
export const limits = { '.ts': { wanted: 300, most: 600 }, '.wgsl': { wanted: 200, most: 450 } };

/** The comment that a source begins with; its lines without the marks of a comment. */
export function headerOf(source) {
  const [header = ''] = /^(?:\/\*\*[^]*?\*\/|(?:\/\/.*\n)+)/.exec(source) ?? [];
  return header
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\/\*\*|\*\/|\*|\/\/)\s?/, ''))
    .join(' ');
}

/** What a file's length is: undefined while it is as wanted or has its reason, `'long'`, or `'too long'`. */
export function judgeLength(path, source) {
  const limit = limits[/\.\w+$/.exec(path)?.[0]];
  const numLines = source.replace(/\n$/, '').split('\n').length;
  if (!limit || numLines <= limit.wanted || headerOf(source).includes('Long because')) return undefined;
  return numLines <= limit.most ? 'long' : 'too long';
}

function main() {
  const files = [
    ...filesUnder('src', '.ts'),
    ...filesUnder('demo', '.ts'),
    ...filesUnder('shaders', '.wgsl'),
  ];
  const judged = files.map((path) => [path, judgeLength(path, readFileSync(join(root, path), 'utf8'))]);
  const named = (kind) => judged.filter(([, length]) => length === kind).map(([path]) => path);
  for (const path of named('too long')) {
    console.error(`${path} is too long: split it, or say "Long because …" in its header`);
    process.exitCode = 1;
  }
  console.log(`${files.length} files; longer than wanted: ${named('long').join(', ') || 'none'}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
