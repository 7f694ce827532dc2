/** A model that a command line names: a folder, a GGUF file, or a URL. */
import { existsSync, openAsBlob, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileListSource } from '../../src/source/file-source';
import type { ModelSource } from '../../src/source/model-source';
import { urlSource } from '../../src/source/url-source';
import { diskSource } from './disk-source';
import { UsageError } from '../command-line/usage-error.mjs';

/** @throws UsageError when there is no model */
export async function openModel(location: string): Promise<ModelSource> {
  if (/^https?:\/\//.test(location)) return urlSource(location);
  if (location.endsWith('.gguf') && existsSync(location) && statSync(location).isFile()) {
    // A file whose bytes stay on the disk: `new File([blob])` would do, but names are all that is asked of it.
    const named = { name: basename(location), webkitRelativePath: '' };
    return fileListSource([Object.assign(await openAsBlob(location), named) as unknown as File]);
  }
  if (existsSync(join(location, 'config.json'))) return diskSource(location);
  throw new UsageError(
    `'${location}' is no model: a folder with a config.json is one, or a GGUF file, or the URL of either.`,
  );
}
