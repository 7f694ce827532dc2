/** The models of this device and of the short list: looked up, downloaded, resumed, deleted. Tells its host about every change. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { catalog, type CatalogEntry } from './models/catalog';
import { findHubModel, parseReference, type HubModel } from '../src/source/hub/hub';
import { fetchModelList, type ModelList } from './models/model-list';
import {
  ModelStore,
  storedIdOf,
  type DownloadProgress,
  type StoredModel,
} from '../src/source/hub/model-store';

/** See the file's header. */
export class ModelsController implements ReactiveController {
  /** What went wrong last with a model, by its name in the catalog. */
  readonly problems = new Map<string, unknown>();
  /** Why a model was not found by its name, or the list not read. */
  problem: unknown;
  /** Whether the hub is being asked for a model. */
  isSearching = false;
  readonly #host: ReactiveControllerHost;
  readonly #store: ModelStore;
  #list: ModelList | undefined;
  #stored: readonly StoredModel[] = [];
  #found: readonly HubModel[] = [];
  readonly #downloads = new Map<string, { readonly stop: AbortController; progress: DownloadProgress }>();

  constructor(host: ReactiveControllerHost, store: ModelStore) {
    this.#host = host;
    this.#store = store;
    host.addController(this);
  }

  hostDisconnected(): void {
    for (const { stop } of this.#downloads.values()) stop.abort();
  }

  /** All that can be chosen, once `open` has read it. */
  get entries(): readonly CatalogEntry[] {
    return catalog({
      listed: this.#list?.models ?? [],
      stored: this.#stored,
      found: this.#found,
      downloads: new Map([...this.#downloads].map(([id, { progress }]) => [id, progress])),
    });
  }

  /** Reads the list and what is stored; again whenever the picker opens, since another tab may have changed it. */
  async open(): Promise<void> {
    try {
      this.#list ??= await fetchModelList();
      await this.#refresh();
    } catch (error) {
      this.problem = error;
    }
    this.#host.requestUpdate();
  }

  /** Looks a repository up by its name; what is found joins the entries. */
  async find(name: string): Promise<void> {
    this.isSearching = true;
    this.problem = undefined;
    this.#host.requestUpdate();
    try {
      this.#list ??= await fetchModelList();
      const { hubUrl } = this.#list;
      const model = await findHubModel(parseReference(name, hubUrl), hubUrl);
      const id = storedIdOf(model);
      this.#found = [model, ...this.#found.filter((other) => storedIdOf(other) !== id)];
    } catch (error) {
      this.problem = error;
    } finally {
      this.isSearching = false;
      this.#host.requestUpdate();
    }
  }

  /** Downloads what is missing of a model; settles when it is here, or the download has ended otherwise. */
  async download({ id, reference, downloadBytes, loadedBytes }: CatalogEntry): Promise<void> {
    if (reference === undefined || this.#downloads.has(id)) return;
    // What took minutes to fetch should stay; a browser that says no keeps it as long as it likes.
    void navigator.storage.persist();
    const stop = new AbortController();
    const { signal } = stop;
    const download = {
      stop,
      progress: { phase: 'downloading', loadedBytes, totalBytes: downloadBytes } as DownloadProgress,
    };
    this.#downloads.set(id, download);
    await this.#attempt(id, async () => {
      try {
        const known = this.#found.find((model) => storedIdOf(model) === id);
        const model =
          known ?? (await findHubModel(parseReference(reference), this.#list!.hubUrl, { signal }));
        const onProgress = (progress: DownloadProgress) => {
          download.progress = progress;
          this.#host.requestUpdate();
        };
        await this.#store.download(model, { signal, onProgress });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        this.#downloads.delete(id);
        await this.#refresh();
      }
    });
  }

  /** Stops a download; what has arrived stays. */
  stop(id: string): void {
    this.#downloads.get(id)?.stop.abort();
  }

  async delete(id: string): Promise<void> {
    await this.#attempt(id, async () => {
      await this.#store.delete(id);
      await this.#refresh();
    });
  }

  async #attempt(id: string, work: () => Promise<void>): Promise<void> {
    this.problems.delete(id);
    this.#host.requestUpdate();
    try {
      await work();
    } catch (error) {
      this.problems.set(id, error);
    }
    this.#host.requestUpdate();
  }

  async #refresh(): Promise<void> {
    if (ModelStore.isAvailable) this.#stored = await this.#store.list();
  }
}
