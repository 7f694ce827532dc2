/**
 * `npm run import-check -- FOLDER`: takes in every file of a folder as the page does, and says by kind what was refused, what was
 * noted, and which words of a reference are lost: of `FILE.ref.txt` beside it, or of what pdftotext or pandoc make of it, where
 * they are installed. Exit code 2: called wrongly; 1: a file failed without a sentence; 0: the rest.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { countWords, lostWords } from './words.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Kinds that pandoc reads, by its names for them. */
const pandocFormats = { docx: 'docx', odt: 'odt', epub: 'epub', html: 'html', fb2: 'fb2', rtf: 'rtf' };

const mostShown = 12;

function run(command, args) {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      maxBuffer: 1e9,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // Not installed, or it cannot read the file: then there is no reference.
    return undefined;
  }
}

function referenceOf(path, kind) {
  const beside = `${path}.ref.txt`;
  if (existsSync(beside)) return readFileSync(beside, 'utf8');
  if (kind === 'pdf') return run('pdftotext', ['-layout', path, '-']);
  const format = pandocFormats[kind];
  return format && run('pandoc', ['-f', format, '-t', 'plain', '--wrap=none', path]);
}

/** @returns what became of one file */
async function check(importFile, isImportError, path) {
  try {
    const { kind, text, notes } = await importFile(path, readFileSync(path));
    const reference = referenceOf(path, kind);
    const lost = reference === undefined ? [] : lostWords(text, reference);
    return { path, kind, notes, lost, numWords: reference === undefined ? 0 : countWords(reference).size };
  } catch (error) {
    const kind = extname(path).slice(1).toLowerCase();
    return { path, kind, refusal: error.message, isFault: !isImportError(error) };
  }
}

function report(results) {
  for (const kind of [...new Set(results.map((result) => result.kind))].sort()) {
    const ofKind = results.filter((result) => result.kind === kind);
    const sum = (count) => ofKind.reduce((total, result) => total + count(result), 0);
    const numLost = sum(({ lost = [] }) => lost.length);
    const numWords = sum(({ numWords = 0 }) => numWords);
    const share = numWords === 0 ? 'no reference' : `${numLost} of ${numWords} words lost`;
    const numRefused = ofKind.filter(({ refusal }) => refusal !== undefined).length;
    console.log(`${kind}: ${ofKind.length} files, ${numRefused} refused, ${share}`);
    for (const { path, refusal, notes = [], lost = [], isFault } of ofKind) {
      const words = lost.slice(0, mostShown).map(([word]) => word);
      const parts = [
        ...(refusal === undefined ? [] : [`${isFault ? 'FAILED' : 'refused'}: ${refusal}`]),
        ...notes,
        ...(words.length > 0 ? [`lost ${lost.length}: ${words.join(' ')}`] : []),
      ];
      if (parts.length > 0) console.log(`  ${path}\n    ${parts.join('\n    ')}`);
    }
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder) || !statSync(folder).isDirectory()) {
  console.error('Which folder? npm run import-check -- FOLDER');
  process.exit(2);
}
const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((name) => join(folder, name))
  .filter((path) => statSync(path).isFile() && !path.endsWith('.ref.txt'))
  .sort();
// As the page is built, but for Node; pdf.js finds its worker beside itself.
const outDir = join(root, '.cache/import-check');
await build({
  root,
  configFile: false,
  logLevel: 'error',
  ssr: { noExternal: true, external: ['pdfjs-dist'] },
  build: {
    ssr: true,
    outDir,
    emptyOutDir: true,
    rolldownOptions: { input: join(root, 'tools/import-check/entry.ts') },
  },
});
const { importFile, ImportError } = await import(pathToFileURL(join(outDir, 'entry.js')).href);
const results = [];
for (const path of paths)
  results.push(await check(importFile, (error) => error instanceof ImportError, path));
report(results);
process.exitCode = results.some(({ isFault }) => isFault) ? 1 : 0;
