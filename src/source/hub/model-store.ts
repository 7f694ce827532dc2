/**
 * Models kept in this browser: one directory per repository and commit in the origin's private file system. Two tabs never write
 * the same model, and a model is not deleted while it is read: Web Locks see to it.
 */
import { EngineError } from '../../util/errors';
import { DownloadError, fetchFiles, type FetchFilesOptions } from './file-download';
import { describeFailure } from './download-failure';
import type { HubFile, HubModel } from './hub';
import { completeName, openFile, readState, stateName, writeFile, type DownloadState } from './stored-files';

/** A model in this browser, whole or in part. */
export interface StoredModel {
  /** Names it in this store. */
  readonly id: string;
  readonly repository: string;
  readonly revision: string;
  readonly quantization?: string;
  readonly commit: string;
  /** When it was whole, in milliseconds as a `Date` has them; 0 before. */
  readonly storedAt: number;
  readonly storedBytes: number;
  readonly totalBytes: number;
  /** As the hub's answer has it. */
  readonly weightBytes: number;
  /** Whether it can be used; otherwise its download goes on where it broke off. */
  readonly isComplete: boolean;
}

/** How far a download has come. */
export interface DownloadProgress {
  /** `waiting`: another tab is downloading the same model. */
  readonly phase: 'waiting' | 'downloading';
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

/** How to download. */
interface DownloadOptions {
  /** Stops the download, which then rejects with the signal's reason; what is there stays. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** How patiently models are fetched. */
interface ModelStoreOptions {
  /** Milliseconds before each further try after a failure; bytes that arrive refill the tries. */
  readonly retryDelaysMs?: readonly number[];
  /** Fetches the files in the place of `fetchFiles`, which only a worker can do. */
  readonly fetchFiles?: FetchFiles;
}

/** What `fetchFiles` does, wherever. */
export type FetchFiles = (
  directory: FileSystemDirectoryHandle,
  files: readonly HubFile[],
  options: FetchFilesOptions,
) => Promise<void>;

/** A whole model that no tab deletes before it is released. */
export interface HeldModel {
  /** For `Engine.load`. */
  readonly directory: FileSystemDirectoryHandle;
  readonly release: () => void;
}

/** A model that some tab holds. */
class ModelInUseError extends Error {
  override readonly name = 'ModelInUseError';
}

const rootName = 'longpage-models';

/** Names a repository at a commit in the store. */
export function storedIdOf({
  repository,
  commit,
  quantization,
}: Pick<HubModel, 'repository' | 'commit' | 'quantization'>): string {
  const kind = quantization === undefined ? '' : `.${quantization}`;
  return `${repository.replace('/', '--')}${kind}@${commit}`;
}

const lockOf = (id: string) => `${rootName} ${id}`;

/** See the file's header. */
export class ModelStore {
  readonly #retryDelaysMs: readonly number[];
  readonly #fetchFiles: FetchFiles;

  constructor(options: ModelStoreOptions = {}) {
    this.#retryDelaysMs = options.retryDelaysMs ?? [500, 1000, 2000, 4000, 8000];
    this.#fetchFiles = options.fetchFiles ?? fetchFiles;
  }

  /** Whether this browser can keep models: it needs a secure context, a private file system and Web Locks. */
  static get isAvailable(): boolean {
    const { storage, locks } = (globalThis as { navigator?: Partial<Navigator> }).navigator ?? {};
    return storage !== undefined && 'getDirectory' in storage && locks !== undefined;
  }

  /** All models here, whole ones and begun ones. */
  async list(): Promise<StoredModel[]> {
    const root = await this.#root();
    const models: StoredModel[] = [];
    for await (const [id, handle] of root.entries()) {
      if (handle.kind !== 'directory') continue;
      const stored = await this.#describe(id, handle);
      if (stored) models.push(stored);
    }
    return models.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /**
   * Downloads what is missing of a model; at once when nothing is. Waits while another tab downloads the same.
   * @throws EngineError `network`, `storage-quota`, `weights-corrupt`; the signal's reason when aborted
   */
  async download(model: HubModel, { signal, onProgress }: DownloadOptions = {}): Promise<StoredModel> {
    const id = storedIdOf(model);
    const { totalBytes } = model;
    signal?.throwIfAborted();
    const run = async () => {
      const directory = await (await this.#root()).getDirectoryHandle(id, { create: true });
      const kept = await this.#describe(id, directory);
      if (kept?.isComplete) return kept;
      const etags = { ...(await readState(directory))?.etags };
      // A crashed write may have left a mark on files that are not whole.
      await directory.removeEntry(completeName).catch(() => undefined);
      await this.#checkQuota(model, kept?.storedBytes ?? 0);
      const save = () =>
        writeFile(directory, stateName, JSON.stringify({ model, etags } satisfies DownloadState));
      await save();
      await this.#fetch(model, directory, {
        etags,
        save,
        ...(signal && { signal }),
        onProgress: (progress) => onProgress?.(progress),
      });
      await writeFile(directory, completeName, model.commit);
      const stored = await this.#describe(id, directory);
      if (stored?.isComplete) return stored;
      throw new EngineError(
        'weights-corrupt',
        `${model.repository} did not arrive whole. Download it again.`,
      );
    };
    const isFree = await navigator.locks
      .query()
      .then(({ held }) => !held?.some(({ name }) => name === lockOf(id)));
    if (!isFree) onProgress?.({ phase: 'waiting', loadedBytes: 0, totalBytes });
    return navigator.locks.request(lockOf(id), { ...(signal && { signal }) }, run);
  }

  /**
   * Holds a whole model until it is released: as long as an engine runs it, because one that loses its GPU reads it again.
   * @throws EngineError `weights-corrupt` when it is not here, or not whole; the signal's reason when aborted
   */
  async hold(id: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<HeldModel> {
    return new Promise((resolve, reject) => {
      const holding = async () => {
        const directory = await (await this.#root()).getDirectoryHandle(id).catch(() => undefined);
        const stored = directory && (await this.#describe(id, directory));
        if (!directory || !stored?.isComplete) {
          throw new EngineError('weights-corrupt', 'This model is not here as a whole. Download it again.');
        }
        await new Promise<void>((release) => resolve({ directory, release }));
      };
      navigator.locks
        .request(lockOf(id), { mode: 'shared', ...(signal && { signal }) }, holding)
        .catch(reject);
    });
  }

  /** @throws ModelInUseError when a tab downloads or holds it */
  async delete(id: string): Promise<void> {
    await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      if (!lock) {
        throw new ModelInUseError(
          'This model is being downloaded or used in a tab. Stop that or pick another model there, then delete it.',
        );
      }
      await (await this.#root()).removeEntry(id, { recursive: true });
    });
  }

  async #root(): Promise<FileSystemDirectoryHandle> {
    return (await navigator.storage.getDirectory()).getDirectoryHandle(rootName, { create: true });
  }

  async #describe(id: string, directory: FileSystemDirectoryHandle): Promise<StoredModel | undefined> {
    const state = await readState(directory);
    if (!state) return undefined;
    const { repository, revision, quantization, commit, files, totalBytes, weightBytes } = state.model;
    const sizes = await Promise.all(
      files.map(async ({ name }) => (await openFile(directory, name))?.size ?? 0),
    );
    const mark = await openFile(directory, completeName);
    return {
      id,
      repository,
      revision,
      ...(quantization !== undefined && { quantization }),
      commit,
      totalBytes,
      weightBytes,
      storedAt: mark?.lastModified ?? 0,
      storedBytes: sizes.reduce((total, size) => total + size, 0),
      isComplete: mark !== undefined && files.every(({ sizeBytes }, index) => sizes[index] === sizeBytes),
    };
  }

  async #checkQuota(model: HubModel, storedBytes: number): Promise<void> {
    const { quota, usage } = await navigator.storage.estimate();
    const neededBytes = model.totalBytes - storedBytes;
    if (quota === undefined || quota - (usage ?? 0) >= neededBytes) return;
    throw new EngineError(
      'storage-quota',
      `${model.repository} needs ${neededBytes} bytes more on the disk; this browser gives the page ` +
        `${quota} bytes, of which ${usage ?? 0} bytes are used. Delete models or documents, or free space on the disk.`,
    );
  }

  async #fetch(
    model: HubModel,
    directory: FileSystemDirectoryHandle,
    {
      etags,
      save,
      signal = new AbortController().signal,
      onProgress,
    }: DownloadOptions & { readonly etags: Record<string, string>; readonly save: () => Promise<void> },
  ): Promise<void> {
    const { files, totalBytes } = model;
    let saving = Promise.resolve();
    try {
      await this.#fetchFiles(directory, files, {
        etags: { ...etags },
        retryDelaysMs: this.#retryDelaysMs,
        signal,
        onProgress: (loadedBytes) => onProgress?.({ phase: 'downloading', loadedBytes, totalBytes }),
        onEtag: (name, etag) => {
          etags[name] = etag;
          saving = saving.then(save);
          // Whoever waits for the files hears of it below.
          saving.catch(() => undefined);
        },
      });
    } catch (error) {
      await saving.catch(() => undefined);
      signal.throwIfAborted();
      if (error instanceof EngineError) throw error;
      throw describeFailure(
        model,
        error instanceof DownloadError ? error : new DownloadError('storage', String(error)),
      );
    }
    await saving;
  }
}
