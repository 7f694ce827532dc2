/** Checks that imports go down only: every folder of `src/` stands on a floor and sees what is below it. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { filesUnder, root } from './files.mjs';

/** From the lowest floor to the highest. Folders of one floor are strangers to each other. */
const floors = [
  ['util'],
  ['gpu'],
  ['kernels'],
  ['tokenizer', 'sampler', 'self-test', 'grammar'],
  ['cache'],
  ['offload', 'source'],
  ['config'],
  ['weights'],
  ['graph', 'stability'],
  ['runner'],
  ['loop'],
  ['prompt'],
  ['documents'],
  ['engine'],
  ['api'],
  ['wire'],
  ['worker'],
  ['index'],
  ['ai-sdk'],
  ['demo'],
];
const floorOf = new Map(floors.flatMap((folders, floor) => folders.map((folder) => [folder, floor])));

/** Files outside `src/reference` that may use the CPU twins: the start-up self-test compares with them. */
const mayUseReference = /^src\/self-test\/self-test\.ts$/;

/** What the page does with models of the hub before one is loaded: it looks them up, downloads and deletes them. */
const sharedWithDemo = 'src/source/hub/';

/** The part of the house that a file belongs to: `kernels` for `src/kernels/norm/rms-norm.ts`, `index`, `demo`. */
function partOf(path) {
  const [top, second] = path.split('/');
  if (top !== 'src') return top;
  return second === 'index.ts' || second === 'index' ? 'index' : second;
}

/**
 * Why one import is not allowed, or undefined when it is.
 * @param {string} from importing file, relative to the repository, with slashes
 * @param {string} to imported file likewise, extension optional
 */
export function explainBadImport(from, to) {
  const [source, target] = [partOf(from), partOf(to)];
  if (source === target) return undefined;
  if (source === 'test') return undefined;
  if (source === 'tools') return target === 'test' ? 'tools do not depend on tests' : undefined;
  if (target === 'reference') {
    return mayUseReference.test(from) ? undefined : 'only tests and the self-test use the CPU twins';
  }
  if (source === 'demo') {
    const isShared = target === 'index' || to.startsWith(sharedWithDemo);
    return isShared ? undefined : 'the demo sees src/index.ts and src/source/hub, and nothing else';
  }
  if (to.endsWith('.wgsl')) return source === 'kernels' ? undefined : 'only kernels import shaders';
  if (target === 'test' || target === 'tools') return 'what ships does not depend on tests or tools';
  // The CPU twins, of single kernels and of the whole transformer, stand beside the weights.
  const sourceFloor = floorOf.get(source === 'reference' ? 'weights' : source);
  const targetFloor = floorOf.get(target);
  if (sourceFloor === undefined)
    return `'${source}' stands on no floor: add it to tools/gate/check-floors.mjs`;
  if (targetFloor === undefined)
    return `'${target}' stands on no floor: add it to tools/gate/check-floors.mjs`;
  if (targetFloor > sourceFloor) return `'${source}' is below '${target}', and imports go down only`;
  if (targetFloor === sourceFloor) return `'${source}' and '${target}' are siblings`;
  return undefined;
}

/** Relative imports of a TypeScript source, type-only and dynamic ones included, as paths from the repository's root. */
export function localImports(path, source) {
  return ts
    .preProcessFile(source, true, true)
    .importedFiles.map(({ fileName }) => fileName.replace(/\?.*$/, ''))
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name));
}

/** All complaints about one file. */
export function checkFile(path, source) {
  return localImports(path, source).flatMap((target) => {
    const why = explainBadImport(path, target);
    return why ? [`${path} imports ${target}: ${why}`] : [];
  });
}

function main() {
  const files = ['src', 'demo', 'tools'].flatMap((folder) => [
    ...filesUnder(folder, '.ts'),
    ...filesUnder(folder, '.mjs'),
  ]);
  const complaints = files.flatMap((path) => checkFile(path, readFileSync(join(root, path), 'utf8')));
  for (const complaint of complaints) console.error(complaint);
  console.log(`${files.length} files`);
  if (complaints.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
