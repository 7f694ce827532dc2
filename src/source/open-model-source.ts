/** One door for the kinds of model folder that a caller may name. */
import { fetched } from '../util/fetched';
import type { ModelSource } from './model-source';
import { urlSource } from './url-source';

/** An absolute URL of a folder, files that the user picked, or a directory handle. All of them can cross to a worker. */
export type ModelLocation = string | readonly File[] | FileSystemDirectoryHandle;

const fileSources = () => fetched(import('./file-source'));

/**
 * @throws TypeError when the location is none of these, or a URL that is not absolute; EngineError `weights-corrupt` when
 * picked files cannot be read, `network` when the part of the library that reads them cannot be fetched
 */
export async function openModelSource(location: ModelLocation): Promise<ModelSource> {
  if (typeof location === 'string') return urlSource(location);
  if (Array.isArray(location) && location.every((file) => file instanceof File))
    return (await fileSources()).fileListSource(location);
  // What is no location at all may be anything.
  const handle = location as FileSystemDirectoryHandle | null | undefined;
  if (handle?.kind === 'directory') return (await fileSources()).directorySource(handle);
  throw new TypeError(
    'A model is given as the URL of its folder, as a list of files, or as a directory handle.',
  );
}
