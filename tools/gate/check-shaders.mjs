/**
 * Checks that a kernel is four files of one name, as shaders/README.md says: shader, wrapper, CPU twin, case. A shader with an entry
 * point is a kernel of its own, unless it is `NAME-VARIANT.wgsl` of a kernel NAME.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesUnder, root } from './files.mjs';

/** What stands for a file that a kernel does not have under its name, and why it may. */
export const exceptions = {
  'src/kernels/attention/merge-splits.ts': 'in sparse-decode.ts: it is never dispatched without that kernel',
  'src/kernels/cache/unpack-pages.ts': 'in pack-pages.ts: the inverse, with the same format',
  'src/reference/cache/unpack-pages.ts': 'in pack-pages.ts',
  'src/reference/linear/matvec.ts': 'matmul.ts: a matrix times few rows is the same sum',
  'src/reference/select/commit-selections.ts': 'in its case: copies at places that a table says',
  'src/reference/select/place-selected.ts': 'in its case: copies at places that a table says',
  'test/kernels/attention/page-mass.case.ts':
    'decode.test.ts: it needs lists and partial sums of sparse-decode',
  'test/kernels/attention/prefill-attention.case.ts':
    'prefill.test.ts: a prompt takes several dispatches over tiles',
  'test/kernels/attention/sparse-decode.case.ts': 'decode.test.ts: a step takes two dispatches',
  'test/kernels/cache/pack-pages.case.ts': 'pack-pages.test.ts: what is packed is unpacked again',
  'test/kernels/cache/rope-append.case.ts': 'rope-append.test.ts: pages fill up over several dispatches',
  'test/kernels/cache/unpack-pages.case.ts': 'pack-pages.test.ts: what is packed is unpacked again',
};

/** Names of the kernels among shaders: those with an entry point that are no variant of another. */
export function kernelsAmong(shaders) {
  const names = [...shaders]
    .filter(([, source]) => /\bfn main\s*\(/.test(source))
    .map(([path]) => path.replace(/^shaders\/|\.wgsl$/g, ''));
  return names.filter((name) => !names.some((other) => name.startsWith(`${other}-`)));
}

/** The files of one kernel beside its shader. */
export function filesOf(name) {
  return [`src/kernels/${name}.ts`, `src/reference/${name}.ts`, `test/kernels/${name}.case.ts`];
}

/**
 * All complaints: files that are missing without a reason, and reasons that are needed no more.
 * @param {Iterable<string>} kernels names
 * @param {(path: string) => boolean} exists
 * @param {Record<string, string>} reasons by the file that is missing
 */
export function checkKernelFiles(kernels, exists, reasons = exceptions) {
  const wanted = [...kernels].flatMap(filesOf);
  const missing = wanted.filter((path) => !exists(path) && !(path in reasons));
  const idle = Object.keys(reasons).filter((path) => exists(path) || !wanted.includes(path));
  return [
    ...missing.map((path) => `${path} is missing: a kernel is four files of one name`),
    ...idle.map((path) => `${path} needs no exception any more`),
  ];
}

function main() {
  const shaders = filesUnder('shaders', '.wgsl').map((path) => [
    path,
    readFileSync(join(root, path), 'utf8'),
  ]);
  const kernels = kernelsAmong(shaders);
  const complaints = checkKernelFiles(kernels, (path) => existsSync(join(root, path)));
  for (const complaint of complaints) console.error(complaint);
  console.log(`${kernels.length} kernels, ${shaders.length} files`);
  if (complaints.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
