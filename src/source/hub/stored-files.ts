/** The files beside a kept model's own: what is known of it, and that it is whole. */
import type { HubModel } from './hub';

/** What is known of a model whose download has begun. No extension: the engine takes `.json` files for the model's. */
export const stateName = 'longpage-state';
/** Is written last: a directory without it is not whole. */
export const completeName = 'longpage-complete';

/** What is known of a download. */
export interface DownloadState {
  readonly model: HubModel;
  readonly etags: Record<string, string>;
}

/** Writes a small file, in the place of one of that name. */
export async function writeFile(
  directory: FileSystemDirectoryHandle,
  name: string,
  text: string,
): Promise<void> {
  const handle = await directory.getFileHandle(name, { create: true });
  const stream = await handle.createWritable();
  await stream.write(text);
  await stream.close();
}

/** A file, or undefined when it is not there. */
export async function openFile(
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<File | undefined> {
  try {
    return await (await directory.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** What is known of the model in a directory. */
export async function readState(directory: FileSystemDirectoryHandle): Promise<DownloadState | undefined> {
  const text = await (await openFile(directory, stateName))?.text();
  if (!text) return undefined;
  try {
    return JSON.parse(text) as DownloadState;
  } catch {
    // Torn by a crash: the files are then fetched anew.
    return undefined;
  }
}
