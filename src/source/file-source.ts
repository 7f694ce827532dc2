/** A model folder on the user's disk: files that were picked, or a directory handle. */
import { EngineError } from '../util/errors';
import { fetched } from '../util/fetched';
import { folderId } from './folder-id';
import { poolingFile, storedPoolingFile } from './pooling-file';
import type { ModelSource, OpenOptions, OpenedFile } from './model-source';

/** Files that can belong to a model in Hugging Face layout, and GGUF's. */
const modelFile = /\.(json|jinja|safetensors|gguf)$/;

/**
 * A source over picked files: of `<input webkitdirectory>` the folder with the uppermost `config.json`, otherwise all.
 * @throws TypeError when two files have the same name
 */
export async function fileListSource(files: Iterable<File>, signal?: AbortSignal): Promise<ModelSource> {
  const list = [...files];
  const folderOf = (file: File) => file.webkitRelativePath.slice(0, -file.name.length || undefined);
  const folders = list.filter(({ name }) => name === 'config.json').map(folderOf);
  const root = folders.sort((a, b) => a.length - b.length)[0];
  const inRoot = list.filter((file) => root === undefined || folderOf(file) === root);
  const byName = new Map<string, File>();
  for (const file of inRoot) {
    if (byName.has(file.name)) throw new TypeError(`Two of the picked files are named '${file.name}'.`);
    byName.set(file.name, file);
  }
  const pooling = list.find((file) => file.webkitRelativePath === `${root ?? ''}${poolingFile}`);
  if (pooling) byName.set(storedPoolingFile, pooling);
  return createSource(byName, signal);
}

/**
 * A source over a directory handle, such as `showDirectoryPicker` gives.
 * @throws EngineError `weights-corrupt` when the directory cannot be read
 */
export async function directorySource(
  directory: FileSystemDirectoryHandle,
  signal?: AbortSignal,
): Promise<ModelSource> {
  const byName = new Map<string, File>();
  await reading(directory.name, async () => {
    for await (const [name, handle] of directory.entries()) {
      if (handle.kind === 'file' && modelFile.test(name)) {
        byName.set(name, await handle.getFile());
      } else if (handle.kind === 'directory' && poolingFile.startsWith(`${name}/`)) {
        for await (const [inner, file] of handle.entries()) {
          if (file.kind === 'file' && poolingFile === `${name}/${inner}`)
            byName.set(storedPoolingFile, await file.getFile());
        }
      }
    }
  });
  return createSource(byName, signal);
}

async function createSource(
  byName: ReadonlyMap<string, File>,
  signal: AbortSignal | undefined,
): Promise<ModelSource> {
  // It says nothing of what a model computes, and so belongs to no fingerprint.
  const files = [...byName].filter(([name]) => modelFile.test(name) && name !== storedPoolingFile);
  const id = await reading('the folder', () => folderId(files));
  const source: ModelSource = {
    id: `files:${id}`,
    async readText(name: string, signal?: AbortSignal): Promise<string | undefined> {
      signal?.throwIfAborted();
      const file = byName.get(name === poolingFile ? storedPoolingFile : name);
      return file && reading(name, () => file.text());
    },
    async open(name: string, { offsetBytes = 0, signal }: OpenOptions = {}): Promise<OpenedFile | undefined> {
      signal?.throwIfAborted();
      const file = byName.get(name);
      if (!file) return undefined;
      const reader = file.slice(offsetBytes).stream().getReader();
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
        {
          async pull(controller) {
            const { done, value } = await reading(name, () => reader.read());
            if (done) controller.close();
            else controller.enqueue(value);
          },
          cancel: (reason) => reader.cancel(reason),
        },
        { highWaterMark: 0 },
      );
      return { sizeBytes: file.size, stream };
    },
  };
  const gguf = chooseGguf([...byName.keys()]);
  return gguf === undefined
    ? source
    : (await fetched(import('./gguf/gguf-source'))).ggufSource(source, gguf, signal);
}

/**
 * The GGUF file that is the model, or the first of its parts; undefined where the files are a folder in Hugging Face layout.
 * @throws TypeError when there are several to choose from
 */
export function chooseGguf(names: readonly string[]): string | undefined {
  if (names.includes('config.json')) return undefined;
  const files = names.filter(
    (name) => name.endsWith('.gguf') && !/-(?!00001)\d{5}-of-\d{5}\.gguf$/.test(name),
  );
  const [first, second] = files.filter((name) => !/mmproj/i.test(name));
  if (second === undefined) return first;
  throw new TypeError(
    `There are several GGUF models here, '${first!}' and '${second}' among them. Pick one.`,
  );
}

/** Says which file the browser could not read, and what to do. */
async function reading<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new EngineError(
      'weights-corrupt',
      `'${name}' cannot be read: it was moved or changed since it was picked, or the page may not read it. Pick it again.`,
      { cause },
    );
  }
}
