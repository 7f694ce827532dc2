/** Engines of a worker that several clients ask: loaded once for each model and its settings, freed when the last client has left. */
import type { LoadProgress } from '../weights/weight-loader';
import { disposedError } from '../engine/device-side';

/** Who uses an engine, and is told of it. */
export interface EngineUser {
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onWarning: (message: string) => void;
}

/** Loads an engine, and tells all who use it. */
export type LoadEngine<T> = (options: EngineUser & { readonly signal: AbortSignal }) => Promise<T>;

interface SharedEngine<T> {
  readonly users: Set<EngineUser>;
  readonly controller: AbortController;
  readonly engine: Promise<T>;
  /** How far its load is. */
  progress?: LoadProgress;
}

/** All engines of a worker. */
export class SharedEngines<T extends { dispose(): Promise<void> }> {
  readonly #engines = new Map<unknown, SharedEngine<T>>();
  /** Ends when all that nobody uses any more is freed: what is loaded next may need its room. */
  #freed: Promise<unknown> = Promise.resolve();

  /**
   * The engine of `key`, loaded if nobody uses it yet. `leave` ends the use, while the engine loads too; that of the last user frees it.
   * @param key a text that tells model and settings, or an object of one's own for an engine that nobody shares
   */
  use(
    key: unknown,
    user: EngineUser,
    load: LoadEngine<T>,
  ): { readonly engine: Promise<T>; readonly leave: () => Promise<void> } {
    let shared = this.#engines.get(key);
    if (!shared) {
      const users = new Set<EngineUser>();
      const controller = new AbortController();
      const options: Parameters<LoadEngine<T>>[0] = {
        signal: controller.signal,
        onProgress: (progress) => {
          begun.progress = progress;
          users.forEach(({ onProgress }) => onProgress(progress));
        },
        onWarning: (message) => users.forEach(({ onWarning }) => onWarning(message)),
      };
      const begun: SharedEngine<T> = { users, controller, engine: this.#freed.then(() => load(options)) };
      shared = begun;
      this.#engines.set(key, shared);
    }
    const { users, controller, engine, progress } = shared;
    users.add(user);
    if (progress) user.onProgress(progress);
    const leave = async () => {
      if (!users.delete(user) || users.size > 0) return;
      this.#engines.delete(key);
      controller.abort(disposedError());
      // A load that failed or was aborted has freed what it held.
      const freed = engine.then(
        (loaded) => loaded.dispose(),
        () => undefined,
      );
      this.#freed = Promise.all([this.#freed, freed]);
      await freed;
    };
    return { engine, leave };
  }
}
