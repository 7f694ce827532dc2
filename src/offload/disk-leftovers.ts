/** What stores on a disk are called, and whether there are any: those of crashed tabs are deleted by the next that opens. */

/** Our folder in the origin's private file system; a file of it belongs to one store. */
export const folderName = 'longpage-pages';
/** Names of our databases begin so; the rest of the name is unique. */
export const databasePrefix = 'longpage-pages-';

async function hasFiles(): Promise<boolean> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(folderName);
  return !(await folder.keys().next()).done;
}

async function hasDatabases(): Promise<boolean> {
  return (await indexedDB.databases()).some(({ name }) => name?.startsWith(databasePrefix));
}

/** Whether some tab has pages on the disk, or left them there. Where there is no such storage, or it does not say: no. */
export async function hasStoredPages(): Promise<boolean> {
  const none = () => false;
  const answers = await Promise.all([hasFiles().catch(none), hasDatabases().catch(none)]);
  return answers.includes(true);
}
