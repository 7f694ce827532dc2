/**
 * The environment in which Dawn for Node finds its GPU. By default that is SwiftShader, the software GPU that lies
 * beside every Chromium, so that tests mean the same everywhere; `LONGPAGE_ADAPTER=system` uses the machine's own.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const icdName = 'vk_swiftshader_icd.json';

/** Folders in which a browser's SwiftShader may lie, most likely first. */
function candidateFolders(browserPath) {
  const folders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  if (browserPath && existsSync(browserPath)) folders.unshift(dirname(realpathSync(browserPath)));
  return folders;
}

/**
 * @param {string | undefined} browserPath the Chromium whose SwiftShader should serve
 * @returns {Record<string, string>} variables to add to a child's environment; empty when the system's GPU is meant
 */
export function gpuEnvironment(browserPath) {
  if (process.env.LONGPAGE_ADAPTER === 'system' || process.platform !== 'linux') return {};
  const folder = candidateFolders(browserPath).find((path) => existsSync(join(path, icdName)));
  if (!folder) return {};
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: join(folder, icdName), LD_LIBRARY_PATH: libraries };
}
