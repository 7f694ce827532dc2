/**
 * Makes a fresh clone ready: the `pre…` npm hook of every command that README names. Installs the packages when they
 * are not what the lock file says and, with `--browser`, sees to a Chromium. Runs before node_modules exists, so it
 * uses Node's built-ins only; prints to stderr, because stdout belongs to the command that follows.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { findOrInstallBrowser } from './find-browser.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Packages that the lock file names and the installed tree lacks or has in another version; optional ones, which differ
 * by platform, do not count.
 * @param {{ packages: Record<string, { version?: string, optional?: boolean, link?: boolean }> }} lock
 * @param {{ packages: Record<string, { version?: string }> }} installed npm's own record of what it installed
 * @returns {string[]} paths such as `node_modules/vite`
 */
export function missingPackages(lock, installed) {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.optional && !entry.link)
    .filter(([path, entry]) => installed.packages[path]?.version !== entry.version)
    .map(([path]) => path);
}

function isInstalled() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
  return missingPackages(read(join(root, 'package-lock.json')), read(record)).length === 0;
}

function installPackages() {
  console.error('Installing the packages that package-lock.json lists (npm ci)…');
  const command = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  if (spawnSync(command, args, options).status !== 0) {
    throw new Error('`npm ci` failed: see its messages above, then try again.');
  }
}

async function main() {
  const { values } = parseArgs({ options: { browser: { type: 'boolean' }, quiet: { type: 'boolean' } } });
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Longpage’s tools need Node 20.19 or newer; this is ${process.versions.node}.`);
  }
  if (!isInstalled()) installPackages();
  if (!values.browser) return;
  const { path, origin } = await findOrInstallBrowser();
  if (!values.quiet) console.error(`Browser: ${path} (${origin})`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
