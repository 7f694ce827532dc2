/** Runs in a page of the test: a model store, at the command of the test. */
import { findHubModel, parseReference } from '../../src/source/hub/hub';
import { downloadInWorker } from '../../demo/models/download-in-worker';
import { ModelStore, type DownloadProgress } from '../../src/source/hub/model-store';
import { Engine } from '../../src/index';

/** What became of a call that may be refused. */
export type Result<T> = { value: T } | { error: string; code: string | undefined };

let store: ModelStore;
let hubUrl: string;
let running: AbortController | undefined;
let progress: DownloadProgress[] = [];
let pending: Promise<unknown> | undefined;

async function outcome<T>(run: () => Promise<T>): Promise<Result<T>> {
  try {
    return { value: await run() };
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string };
    return { error: message ?? String(error), code };
  }
}

async function download(reference: string) {
  progress = [];
  running = new AbortController();
  const { signal } = running;
  const model = await findHubModel(parseReference(reference), hubUrl, { signal });
  return store.download(model, { signal, onProgress: (entry) => progress.push(entry) });
}

const page = {
  async open(url: string): Promise<boolean> {
    hubUrl = url;
    store = new ModelStore({ retryDelaysMs: [1, 1, 1], fetchFiles: downloadInWorker });
    return ModelStore.isAvailable;
  },

  download: (reference: string) => outcome(() => download(reference)),

  /** Begins a download that `finish` waits for. */
  async begin(reference: string): Promise<void> {
    pending = outcome(() => download(reference));
  },

  finish: () => pending as Promise<Result<unknown>>,

  async abort(): Promise<void> {
    running!.abort(new Error('enough'));
  },

  async progress(): Promise<DownloadProgress[]> {
    return progress;
  },

  list: () => store.list(),

  delete: (id: string) => outcome(() => store.delete(id)),

  /** The bytes of a file of a stored model, as text of their codes. */
  read: (id: string, name: string) =>
    outcome(async () => {
      const { directory, release } = await store.hold(id);
      const file = await (await directory.getFileHandle(name)).getFile();
      const bytes = [...new Uint8Array(await file.arrayBuffer())];
      release();
      return bytes;
    }),

  /** Loads a stored model and answers with it; resolves to the number of tokens. */
  answer: (id: string) =>
    outcome(async () => {
      const { directory, release } = await store.hold(id);
      const engine = await Engine.load(directory);
      const { usage } = await engine.completions.create({ prompt: 'Once', max_tokens: 4, ignore_eos: true });
      await engine.dispose();
      release();
      return usage?.completion_tokens;
    }),

  /** Loads a model by its name and answers with it. */
  load: (name: string) =>
    outcome(async () => {
      const phases = new Set<string>();
      const engine = await Engine.load(name, { hub: hubUrl, onProgress: ({ phase }) => phases.add(phase) });
      const { usage } = await engine.completions.create({ prompt: 'Once', max_tokens: 4, ignore_eos: true });
      await engine.dispose();
      return { model: engine.model, numTokens: usage?.completion_tokens, phases: [...phases] };
    }),

  /** Holds a stored model as an engine does, until the page goes. */
  async hold(id: string): Promise<void> {
    await store.hold(id);
  },

  /** Cuts a stored file, as a crash may. */
  async cut(id: string, name: string, sizeBytes: number): Promise<void> {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('longpage-models');
    const handle = await (await root.getDirectoryHandle(id)).getFileHandle(name);
    const stream = await handle.createWritable({ keepExistingData: true });
    await stream.truncate(sizeBytes);
    await stream.close();
  },
};

/** What the test may call. */
export type ModelStorePage = typeof page;

Object.assign(globalThis, { page });
document.title = 'ready';
