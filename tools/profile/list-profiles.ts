/** The list of a folder of profiles. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profileIndexName } from '../../src/stability/choose-profile';

/** Lists a folder's profiles in the file by which engines look for them. */
export function listProfiles(folder: string): void {
  const names = readdirSync(folder).filter((name) => name.endsWith('.json') && name !== profileIndexName);
  writeFileSync(join(folder, profileIndexName), `${JSON.stringify(names.sort(), null, 2)}\n`);
}
