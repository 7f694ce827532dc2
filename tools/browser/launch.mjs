/** Launches the headless Chromium that tools and tests drive, with WebGPU on. */
import { chromium } from 'playwright';
import { findBrowser } from '../setup/find-browser.mjs';

const quietArgs = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** SwiftShader is the software GPU in every Chromium; the system's adapter falls back to it where there is no GPU. */
const adapterArgs = {
  swiftshader: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
  system: ['--enable-unsafe-webgpu', '--enable-features=Vulkan'],
};

/**
 * @typedef {object} LaunchOptions
 * @property {'swiftshader' | 'system'} [adapter] unless `LONGPAGE_ADAPTER` says otherwise; SwiftShader by default
 * @property {string[]} [args] more switches for Chromium
 */

/** @param {LaunchOptions} options */
async function playwrightOptions({ adapter = 'swiftshader', args = [] }) {
  const found = await findBrowser();
  if (!found) throw new Error('No Chrome or Chromium was found: set LONGPAGE_BROWSER to the path of one.');
  const chosen = process.env.LONGPAGE_ADAPTER ?? adapter;
  if (!(chosen in adapterArgs))
    throw new Error(`LONGPAGE_ADAPTER is '${chosen}', not 'system' or 'swiftshader'.`);
  return { executablePath: found.path, args: [...quietArgs, ...adapterArgs[chosen], ...args] };
}

/**
 * Pages of this browser keep what they store in memory, as private windows do.
 * @param {LaunchOptions} [options]
 * @returns {Promise<import('playwright').Browser>}
 * @throws {Error} when there is no browser
 */
export async function launchBrowser(options = {}) {
  return chromium.launch(await playwrightOptions(options));
}

/**
 * Pages of this context keep what they store in a folder on the disk, as ordinary windows do.
 * @param {string} folder
 * @param {LaunchOptions} [options]
 * @returns {Promise<import('playwright').BrowserContext>} closing it ends the browser
 * @throws {Error} when there is no browser
 */
export async function launchProfile(folder, options = {}) {
  return chromium.launchPersistentContext(folder, await playwrightOptions(options));
}
