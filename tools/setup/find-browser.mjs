/** Finds a Chrome or Chromium on this machine, or installs one; knows nothing of WebGPU. Node's built-ins only. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { platform } from 'node:process';

const commands = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome'];

/** Where installers put Chrome when it is not on the PATH. */
function installFolders(env) {
  if (platform === 'darwin') {
    return ['/Applications', join(env.HOME ?? '', 'Applications')].flatMap((folder) => [
      join(folder, 'Google Chrome.app/Contents/MacOS/Google Chrome'),
      join(folder, 'Chromium.app/Contents/MacOS/Chromium'),
    ]);
  }
  if (platform === 'win32') {
    return [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA]
      .filter(Boolean)
      .map((folder) => join(folder, 'Google/Chrome/Application/chrome.exe'));
  }
  return ['/opt/google/chrome/chrome', '/snap/bin/chromium'];
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findSystemBrowser(env) {
  const onPath = (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => commands.map((name) => join(folder, name)));
  return [...onPath, ...installFolders(env)].find(isExecutable);
}

/** The Chromium that Playwright downloaded earlier, if it did; needs node_modules. */
async function findPlaywrightBrowser() {
  try {
    const { chromium } = await import('playwright');
    const path = chromium.executablePath();
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @typedef {{ path: string, origin: string }} Browser an executable and, in words, where it comes from
 */

/**
 * Looks in this order: `LONGPAGE_BROWSER`, the system's Chrome or Chromium, Playwright's download.
 * @returns {Promise<Browser | undefined>}
 * @throws {Error} when `LONGPAGE_BROWSER` names no executable file
 */
export async function findBrowser(env = process.env) {
  const chosen = env.LONGPAGE_BROWSER;
  if (chosen) {
    if (!isExecutable(chosen)) throw new Error(`LONGPAGE_BROWSER names '${chosen}', which is no program.`);
    return { path: chosen, origin: 'LONGPAGE_BROWSER' };
  }
  const system = findSystemBrowser(env);
  if (system) return { path: system, origin: 'the system' };
  const playwright = await findPlaywrightBrowser();
  return playwright && { path: playwright, origin: 'Playwright' };
}

/**
 * As `findBrowser`, and where there is none, installs one: Debian's package as root on Debian, Playwright's elsewhere.
 * @returns {Promise<Browser>}
 * @throws {Error} with a sentence that says what to do
 */
export async function findOrInstallBrowser(env = process.env) {
  const found = await findBrowser(env);
  if (found) return found;
  const run = (command, args) => {
    // All output goes to stderr: stdout belongs to the command that needs the browser.
    const quiet = { stdio: ['ignore', 2, 2], env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
    return spawnSync(command, args, quiet).status === 0;
  };
  if (process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    console.error('No browser found: installing Debian’s chromium package.');
    const install = ['install', '-y', '-q', '--no-install-recommends', 'chromium'];
    if (run('apt-get', ['update', '-q']) && run('apt-get', install)) {
      const path = findSystemBrowser(env);
      if (path) return { path, origin: 'Debian’s package, installed now' };
    }
  }
  console.error('No browser found: asking Playwright to download Chromium.');
  if (run(process.execPath, ['node_modules/playwright/cli.js', 'install', 'chromium'])) {
    const path = await findPlaywrightBrowser();
    if (path) return { path, origin: 'Playwright, downloaded now' };
  }
  throw new Error(
    'No Chrome or Chromium was found and none could be installed: install one, or set LONGPAGE_BROWSER to its path.',
  );
}
