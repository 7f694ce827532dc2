/** Checks the options of `Engine.load` at the door: an unknown or misspelt one is refused by name. */
import type { PlanOptions } from '../engine/engine';
import type { LoadSettings } from '../engine/engine-options';
import type { KvOptions } from '../runner/memory-plan';
import { kvPresets, type KvPreset } from './kv-presets';
import type { LoadProgress } from '../weights/weight-loader';
import type { Endpoint, SharedWorkerEnd } from './endpoint';

/** How to load a model. */
export interface LoadOptions extends Omit<LoadSettings, 'kv'> {
  /** What KV memory is like: options, or a name for some. */
  readonly kv?: KvOptions | KvPreset;
  /** Called as weights arrive. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Further names of the model, which a request's `model` may have: those that an application was written for. */
  readonly aliases?: readonly string[];
  /** A server that answers as the Hugging Face hub does, for models that are loaded by name. Default `https://huggingface.co`. */
  readonly hub?: string;
  /**
   * Where the engine runs: a worker of the application's own, a shared one, or a port to one, in which `serveEngine` of `longpage/worker`
   * was called with the other end. A shared worker itself, unlike its port, tells when its script cannot be had. Those who load the same model with the same options through it share one engine. Default: a worker of its own; in the
   * same thread where there are no workers, as in a shared worker.
   */
  readonly worker?: Endpoint | SharedWorkerEnd;
  /** Stops the load, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

type Check = (name: string, value: unknown) => void;

const oneOf =
  (...values: readonly (string | boolean)[]): Check =>
  (name, value) => {
    if (!values.includes(value as string | boolean)) {
      throw new RangeError(`${name} must be one of ${values.join(', ')}, not ${String(value)}.`);
    }
  };

const ofType =
  (type: 'function' | 'boolean' | 'number' | 'string' | 'object'): Check =>
  (name, value) => {
    if (typeof value !== type) throw new TypeError(`${name} must be a ${type}, not ${typeof value}.`);
  };

const aSignal: Check = (name, value) => {
  if (!(value instanceof AbortSignal)) throw new TypeError(`${name} must be an AbortSignal.`);
};

const anEndpoint: Check = (name, value) => {
  const shared = (value as Partial<SharedWorkerEnd> | null)?.port;
  const { postMessage, addEventListener } = (shared ?? value ?? {}) as Partial<Endpoint>;
  if (typeof postMessage !== 'function' || typeof addEventListener !== 'function') {
    throw new TypeError(`${name} must be a Worker, a SharedWorker or a MessagePort.`);
  }
};

const aListOf =
  (...values: readonly string[]): Check =>
  (name, value) => {
    if (!Array.isArray(value)) throw new TypeError(`${name} must be a list.`);
    for (const item of value) oneOf(...values)(`An entry of ${name}`, item);
  };

const someTexts: Check = (name, value) => {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be a list.`);
  for (const item of value) ofType('string')(`An entry of ${name}`, item);
};

const aServer: Check = (name, value) => {
  ofType('string')(name, value);
  const { protocol } = URL.canParse(value as string) ? new URL(value as string) : { protocol: '' };
  if (!/^https?:$/.test(protocol)) throw new TypeError(`${name} must be the URL of a server.`);
};

const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (name, value) => {
    if (typeof value !== 'object' || value === null) throw new TypeError(`${name} must be an object.`);
    for (const [key, entry] of Object.entries(value)) {
      const path = `${name}.${key}`;
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (!check)
        throw new TypeError(`${path} is not an option; there are ${Object.keys(checks).join(', ')}.`);
      if (entry !== undefined) check(path, entry);
    }
  };

// Ranges depend on the model and are checked with the memory plan.
const kv = fields({
  format: oneOf('f32', 'f16', 'int8'),
  hostFormat: oneOf('same', 'int8'),
  gpuBytes: ofType('number'),
  contextTokens: ofType('number'),
  numSequences: ofType('number'),
  pagesPerHead: ofType('number'),
  selection: oneOf('minmax', 'digest'),
  rerankQueries: ofType('number'),
  window: ofType('number'),
  sinks: ofType('number'),
  rerankInterval: ofType('number'),
  rerankStagger: ofType('boolean'),
  reload: oneOf('overlap', 'pause'),
  unstableShare: ofType('number'),
  attention: oneOf('all', 'selected'),
  retrievalHeads: oneOf('exact', 'selected'),
  followUp: oneOf('exact', 'sparse'),
  headProfile: ofType('object'),
  measureStability: oneOf(true, false, 'every-step'),
  hostBytes: ofType('number'),
});

const checkLoad = fields({
  onProgress: ofType('function'),
  signal: aSignal,
  aliases: someTexts,
  weights: oneOf('f32', 'f16', 'q8', 'q4'),
  compute: oneOf('float', 'int8'),
  kv,
  profiles: ofType('string'),
  hub: aServer,
  recovery: ofType('boolean'),
  worker: anEndpoint,
  useDefaultLimits: ofType('boolean'),
  disabledFeatures: aListOf('subgroups', 'timestamp-query', 'whole-lists'),
});

const aPreset = oneOf(...Object.keys(kvPresets));

/** Options whose `kv` is not a name any more. */
type WithoutNames<O> = Omit<O, 'kv'> & { readonly kv?: KvOptions };

/**
 * Returns the options when they are in order, with those that a name stands for.
 * @throws TypeError for an unknown option or a wrong type, RangeError for a value that is none of the known ones
 */
export function checkLoadOptions(options: LoadOptions): WithoutNames<LoadOptions> {
  return checked(checkLoad, options);
}

function checked<O extends Pick<LoadOptions, 'kv'>>(check: Check, options: O): WithoutNames<O> {
  // What is no object at all is for the check to refuse.
  const name = (options as O | null)?.kv;
  if (typeof name !== 'string') {
    check('options', options);
    return options;
  }
  aPreset('options.kv', name);
  return checked(check, { ...options, kv: kvPresets[name] }) as WithoutNames<O>;
}

const checkPlan = fields({ contextTokens: ofType('number'), kv });

/** The same for what `engine.plan` takes. @throws TypeError, RangeError */
export function checkPlanOptions(
  options: Omit<PlanOptions, 'kv'> & Pick<LoadOptions, 'kv'>,
): WithoutNames<PlanOptions> {
  return checked(checkPlan, options);
}
