/** Where the cache's pages are, read while somebody looks: after each rerank, and as answers begin and end. */
import { EngineError, type CacheMap, type Engine, type RerankEvent } from '../src/index';

/** See the file's header. */
export class CacheWatch {
  /** Undefined while nobody looks, and before something has been asked. */
  map: CacheMap | undefined;
  /** Whether an answer ran when the map was read: heads give pages back after it. */
  isMapLive = false;
  /** What the latest rerank brought back to the GPU. */
  promotions: RerankEvent['promotions'] = [];
  /** Whether an answer runs. */
  isAnswering = false;
  readonly #onChange: () => void;
  #engine: Engine | undefined;
  #isWatching = false;
  #reading: Promise<void> | undefined;
  #endListening: (() => void) | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches another engine from now on, or none; what is known of the one before is forgotten. */
  follow(engine: Engine | undefined): void {
    this.#engine = engine;
    // Who listens to an engine that is gone hears nothing more.
    this.#endListening = undefined;
    this.map = undefined;
    this.#listen();
  }

  /** Begins or ends to look. */
  watch(isWatching: boolean): void {
    this.#isWatching = isWatching;
    this.#listen();
    void this.read();
  }

  /** Reads the map if somebody looks: one reading at a time, for reranks may come faster than maps. */
  async read(): Promise<void> {
    if (!this.#isWatching || this.#reading || !this.#engine) return;
    try {
      await (this.#reading = this.#take(this.#engine));
    } finally {
      this.#reading = undefined;
      this.#onChange();
    }
  }

  /** Reads it once more after a reading that is under way, which may be of an answer that has just ended. */
  async readAgain(): Promise<void> {
    await this.#reading;
    await this.read();
  }

  #listen(): void {
    if (this.#isWatching === (this.#endListening !== undefined)) return;
    this.#endListening?.();
    this.#endListening = undefined;
    if (!this.#isWatching) return;
    this.#endListening = this.#engine?.onCacheEvent((event) => {
      if (event.kind !== 'rerank') return;
      this.promotions = event.promotions;
      void this.read();
    });
  }

  async #take(engine: Engine): Promise<void> {
    const wasAnswering = this.isAnswering;
    try {
      const map = await engine.cacheMap();
      if (engine !== this.#engine) return;
      this.map = map.numPages > 0 ? map : undefined;
      this.isMapLive = wasAnswering && this.isAnswering;
    } catch (error) {
      // What ended the engine is shown by the request that it ended.
      if (!(error instanceof EngineError)) throw error;
    }
  }
}
