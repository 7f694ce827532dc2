/** The engine that a router was given, in whatever way: there, coming, or not. */
import { pause } from '../../util/pause';

/** An engine, the promise of one, or nothing; or a function that says so anew for each request. */
type EngineOrPromise<Engine> = Engine | PromiseLike<Engine> | null | undefined;
/** What `createFetch` takes as `engine`. */
export type EngineSource<Engine> = EngineOrPromise<Engine> | (() => EngineOrPromise<Engine>);

/** What there is of it at a moment. */
export type EngineState<Engine> =
  | { readonly device: 'absent' }
  | { readonly device: 'loading'; readonly loaded: PromiseLike<Engine> }
  | { readonly device: 'ready'; readonly engine: Engine }
  | { readonly device: 'failed'; readonly error: unknown };

/** Looks at engines; promises are watched from the first look on. */
export class EngineWatch<Engine extends object> {
  readonly #source: EngineSource<Engine>;
  readonly #states = new WeakMap<object, EngineState<Engine>>();

  constructor(source: EngineSource<Engine>) {
    this.#source = source;
  }

  /** What there is now. A load that failed is no rejection that nobody handled. */
  async look(): Promise<EngineState<Engine>> {
    const given = typeof this.#source === 'function' ? this.#source() : this.#source;
    if (given === null || given === undefined) return { device: 'absent' };
    if (!isPromise(given)) return { device: 'ready', engine: given };
    if (!this.#states.has(given)) {
      this.#states.set(given, { device: 'loading', loaded: given });
      given.then(
        (engine) => this.#states.set(given, { device: 'ready', engine }),
        (error: unknown) => this.#states.set(given, { device: 'failed', error }),
      );
      // One that is settled already says so before the next task.
      await pause();
    }
    return this.#states.get(given)!;
  }
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === 'object' && value !== null && 'then' in value;
}
