/** One door for the kinds of model folder that a caller may name. */
import { fetched } from '../util/fetched';
import type { HubLocation } from './hub-name';
import type { HubSourceOptions } from './hub/hub-source';
import type { ModelSource } from './model-source';
import { urlSource } from './url-source';

/**
 * A URL of a folder or of a GGUF file, a model's name on the hub, files that the user picked, one file or `Blob`, or a directory handle. All of
 * them can cross to a worker, but a name, which is a `HubLocation` there.
 */
export type ModelLocation = string | Blob | readonly File[] | FileSystemDirectoryHandle;

const fileSources = () => fetched(import('./file-source'));

/**
 * @throws TypeError when the location is none of these, or a URL that is not absolute; EngineError `weights-corrupt` when
 * picked files cannot be read or a GGUF file is damaged, `model-unsupported` for a GGUF file that cannot be used, `network` when it,
 * or the part of the library that reads it, cannot be fetched; the signal's reason when aborted
 */
export async function openModelSource(
  location: ModelLocation | HubLocation,
  signal?: AbortSignal,
  told: Pick<HubSourceOptions, 'onProgress' | 'onWarning' | 'store'> = {},
): Promise<ModelSource> {
  if (isHubLocation(location)) {
    return (await fetched(import('./hub/hub-source'))).hubSource(location, { ...told, signal });
  }
  if (typeof location === 'string') return openUrl(location, signal);
  if (location instanceof Blob) {
    // What has no name is taken for a GGUF file: nothing else is a whole model.
    const file = location instanceof File ? location : new File([location], 'model.gguf');
    return (await fileSources()).fileListSource([file], signal);
  }
  if (Array.isArray(location) && location.every((file) => file instanceof File))
    return (await fileSources()).fileListSource(location, signal);
  // What is no location at all may be anything.
  const handle = location as FileSystemDirectoryHandle | null | undefined;
  if (handle?.kind === 'directory') return (await fileSources()).directorySource(handle, signal);
  throw new TypeError(
    'A model is given as the URL of its folder or GGUF file, as a file or a list of files, or as a directory handle.',
  );
}

function isHubLocation(location: ModelLocation | HubLocation): location is HubLocation {
  // What is no location at all may be anything.
  return typeof (location as Partial<HubLocation> | null | undefined)?.hubName === 'string';
}

async function openUrl(location: string, signal: AbortSignal | undefined): Promise<ModelSource> {
  if (!URL.canParse(location) || !new URL(location).pathname.endsWith('.gguf')) return urlSource(location);
  const url = new URL(location);
  const name = decodeURIComponent(url.pathname.slice(url.pathname.lastIndexOf('/') + 1));
  const folder = urlSource(new URL('.', url), { search: url.search });
  return (await fetched(import('./gguf/gguf-source'))).ggufSource(folder, name, signal);
}
