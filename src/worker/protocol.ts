/** The messages between the page and the engine's worker: plain data, nothing that runs. */
import type {
  DocumentCost,
  DocumentInfo,
  OpenedDocument,
  ReadingProgress,
  TogetherPlan,
} from '../documents/document-info';
import type { DocumentDetails, DocumentPlace } from '../prompt/places';
import type { GenerationRequest, Prompt } from '../loop/generation';
import type { GenerationEvent } from '../loop/generation-event';
import type { PlanOptions } from '../engine/engine';
import type { LoadSettings } from '../engine/engine-options';
import type { SamplingDefaults } from '../config/sampling-defaults';
import type { Embeddings, EmbeddingWish } from '../engine/embed';
import type { ModelCheck } from '../engine/check-model';
import type { EnginePlan } from '../engine/engine-plan';
import type { CacheEvent } from '../runner/cache-event';
import type { CacheMap } from '../runner/cache-map';
import type { RecoveryEvent } from '../engine/recovery';
import type { EngineStats } from '../engine/stats';
import type { ModelLocation } from '../source/open-model-source';
import type { HubLocation } from '../source/hub-name';
import type { LoadProgress } from '../weights/weight-loader';
import type { HeadProfile } from '../stability/head-profile';
import type { SerializedError } from '../api/errors';

/** What the page needs to know of a loaded model. */
export interface ModelDescription {
  readonly modelId: string;
  readonly contextTokens: number;
  readonly vocabSize: number;
  /** The text of its chat template, where it has one. */
  readonly chatTemplate: string | undefined;
  /** What requests are sampled with that say nothing else. */
  readonly sampling: SamplingDefaults;
}

/** Calls about documents, by name, with their arguments and results. */
export interface DocumentCalls {
  /** Sends progress until its result. */
  addDocument: {
    argument: { id: string; text: string; title?: string | undefined } & DocumentDetails;
    result: DocumentInfo;
  };
  listDocuments: { argument: undefined; result: DocumentInfo[] };
  openDocument: { argument: string; result: OpenedDocument };
  documentText: { argument: string; result: string };
  documentPlaces: { argument: string; result: readonly DocumentPlace[] };
  renameDocument: { argument: { id: string; title: string }; result: undefined };
  deleteDocument: { argument: string; result: undefined };
  exportDocument: { argument: string; result: Blob };
  importDocument: { argument: Blob; result: DocumentInfo };
  verifyDocument: { argument: string; result: DocumentInfo };
  estimateDocument: { argument: string; result: DocumentCost };
  planTogether: { argument: readonly string[]; result: TogetherPlan };
  /** Sends progress until its result. */
  readTogether: { argument: readonly string[]; result: TogetherPlan };
}

/** Every call of the page likewise. */
export interface Calls extends DocumentCalls {
  load: {
    argument: {
      location: ModelLocation | HubLocation;
      settings: LoadSettings;
      /** Name of a lock that the client holds as long as it lives; absent where its worker does not outlive it. */
      lock?: string | undefined;
    };
    result: ModelDescription;
  };
  /** What a load would come to; a worker that is asked this loads nothing. */
  check: {
    argument: { location: ModelLocation | HubLocation; settings: LoadSettings };
    result: Omit<ModelCheck, 'error'> & { error?: SerializedError };
  };
  plan: { argument: PlanOptions; result: EnginePlan };
  tokenize: { argument: { text: string; addSpecialTokens: boolean }; result: number[] };
  detokenize: { argument: number[]; result: string };
  countTokens: { argument: Prompt; result: number };
  embed: { argument: EmbeddingWish; result: Embeddings };
  stats: { argument: undefined; result: EngineStats };
  cacheMap: { argument: undefined; result: CacheMap };
  /** Sends events of the cache, or none any more. */
  watchCache: { argument: boolean; result: undefined };
  startTrace: { argument: undefined; result: undefined };
  /** The file, as `EngineCore.trace` gives it. */
  stopTrace: { argument: undefined; result: Blob };
  headProfile: { argument: undefined; result: HeadProfile | undefined };
  dispose: { argument: undefined; result: undefined };
  /** Says when the request is accepted, then sends its events until its result, which is nothing. */
  generate: { argument: GenerationRequest; result: undefined };
}

/** Name of a call. */
export type CallName = keyof Calls;

/** Functions that answer calls of these names; the id is that of the call. */
export type Handlers<Name extends CallName> = {
  readonly [N in Name]: (
    argument: Calls[N]['argument'],
    id: number,
    signal: AbortSignal,
  ) => Promise<Calls[N]['result']>;
};

/** From the page: a call, or the end of the caller's interest in one. */
export type ClientMessage =
  | {
      [N in CallName]: {
        readonly kind: 'call';
        readonly id: number;
        readonly name: N;
        readonly argument: Calls[N]['argument'];
      };
    }[CallName]
  | { readonly kind: 'abort'; readonly id: number; readonly reason: SerializedError };

/** From the worker: what a call sends on its way, how it ended, and what belongs to no call. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly id: number; readonly progress: LoadProgress | ReadingProgress }
  /** The request is checked and waits or runs. */
  | { readonly kind: 'accepted'; readonly id: number }
  | { readonly kind: 'event'; readonly id: number; readonly event: GenerationEvent }
  | { readonly kind: 'result'; readonly id: number; readonly value: Calls[CallName]['result'] }
  | { readonly kind: 'error'; readonly id: number; readonly error: SerializedError }
  | { readonly kind: 'cache'; readonly event: CacheEvent }
  | { readonly kind: 'recovery'; readonly phase: RecoveryEvent['phase']; readonly error?: SerializedError }
  | { readonly kind: 'warning'; readonly message: string };
