/** The gate's step `bundle`: checks the scripts of `dist/`, and tells their sizes beside those of the last commit on main. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { noticesName } from '../build/notices';
import { buildScripts } from '../build/scripts';
import { checkBundle, describeSizes, measureBundle } from './check-bundle.mjs';

type Sizes = ReturnType<typeof measureBundle>;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(root, 'dist');
// Where the compiler's options are, too: the tools look for them beside the sources.
const sources = ['src', 'shaders', 'tsconfig.json'];

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** The last commit on main that is not what stands here: on main itself the one before, where nothing was changed since. */
function baseCommit(): string {
  const head = git('rev-parse', 'HEAD');
  const main = git('rev-parse', '--verify', 'main');
  if (main !== head || git('status', '--porcelain', '--', ...sources) !== '') return main;
  return git('rev-parse', '--verify', 'main~1');
}

function readScripts(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

/** Sizes of what the sources of a commit are built into by the tools and packages that stand here. Built once. */
async function sizesAt(commit: string): Promise<Sizes> {
  const cache = join(root, '.cache');
  const path = join(cache, `bundle-sizes/${commit}.json`);
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Sizes;
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(cache, 'bundle-base-'));
  try {
    const archive = join(folder, 'sources.tar');
    git('archive', `--output=${archive}`, commit, ...sources);
    execFileSync('tar', ['-xf', archive, '-C', folder]);
    await buildScripts(folder, join(folder, 'dist'));
    const sizes = measureBundle(readScripts(join(folder, 'dist')));
    writeFileSync(path, JSON.stringify(sizes));
    return sizes;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the sizes are compared with, if anything: a copy without its history has nothing. */
async function findBase(): Promise<{ commit: string; sizes: Sizes } | undefined> {
  try {
    const commit = baseCommit();
    return { commit, sizes: await sizesAt(commit) };
  } catch {
    return undefined;
  }
}

const scripts = readScripts(dist);
const sizes = measureBundle(scripts);
const complaints = checkBundle(scripts, sizes);
const others = ['index.d.ts', 'ai-sdk.d.ts', 'worker.d.ts', noticesName];
const unexpected = readdirSync(dist).filter(
  (name) => !(name.replace(/\.map$/, '') in scripts) && !others.includes(name),
);
if (unexpected.length > 0) complaints.push(`dist/ also holds ${unexpected.join(', ')}`);
for (const complaint of complaints) console.error(complaint);
const base = await findBase();
const comparedWith = base ? `compared with ${base.commit.slice(0, 7)}` : 'no earlier commit to compare with';
console.log(`${describeSizes(sizes, base?.sizes)}; ${comparedWith}`);
if (complaints.length > 0) process.exitCode = 1;
