/** The repository's files, as checks of the code walk through them. */
import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Paths from the root, with slashes, of the files in a folder and its folders whose names end so, sorted. */
export function filesUnder(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name).split(sep).join('/'))
    .sort();
}
