/** The notices of the packages that are in a bundle: their licences want them to go with it. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The file's name, beside the scripts. */
export const noticesName = 'THIRD-PARTY-NOTICES.txt';

/** Names of the packages that some of these sources belong to, sorted: source maps list all sources of a script. */
export function packagesOf(sources: readonly string[]): string[] {
  const inPackage = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//;
  const names = sources.flatMap(
    (source) => inPackage.exec(source.slice(source.lastIndexOf('node_modules/')))?.[1] ?? [],
  );
  return [...new Set(names)].sort();
}

/** The sources of all scripts in a folder and its folders, by their source maps. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.map'))
    .flatMap(
      (name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { sources: string[] }).sources,
    );
}

/**
 * The text with the licence of each package as it is installed.
 * @param modules the folder `node_modules`
 * @throws Error for a package that has no file of its licence
 */
export function noticesOf(names: readonly string[], modules: string): string {
  const notices = names.map((name) => {
    const folder = join(modules, name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      version: string;
      license: string;
    };
    const file =
      existsSync(folder) && readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    if (!file) throw new Error(`The package '${name}' has no file with its licence.`);
    const text = readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return ['This bundle contains these packages.\n', ...notices].join(`\n${'-'.repeat(80)}\n\n`);
}
