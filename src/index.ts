/** The public surface of Longpage. */
export { Engine } from './worker/engine-client';
export type { LoadOptions } from './worker/load-options';
export type { KvPreset } from './worker/kv-presets';
export type { Endpoint, SharedWorkerEnd } from './worker/endpoint';
export { createFetch, type CreateFetchOptions } from './worker/create-fetch';
export type { Move } from './wire/hand-over/hand-over';
export type { MoveReason, Route, RoutedRequest, RouteFacts } from './wire/hand-over/route';
export type { ServerOptions } from './wire/hand-over/server';
export type { Create, CreateChatCompletion, CreateCompletion, RequestOptions } from './api/create';
export { EngineError, type EngineErrorCode } from './util/errors';
export type {
  ChatCompletion,
  ChatCompletionChoice,
  ChatCompletionChunk,
  ChatCompletionChunkChoice,
  ChatCompletionLogprobs,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ChatCompletionRequest,
  ChatCompletionTokenLogprob,
  ChatResponseFormat,
  ContentPart,
  NeutralFields,
  TextContentPart,
  TopLogprob,
} from './api/chat-completions';
export type {
  ChatCompletionTool,
  ChatCompletionToolCall,
  ChatCompletionToolCallDelta,
  ChatFinishReason,
} from './api/tool-calls';
export type { Completion, CompletionChoice, CompletionLogprobs, CompletionRequest } from './api/completions';
export type { EmbeddingItem, EmbeddingRequest, EmbeddingResponse } from './api/embeddings';
export type { Pooling } from './config/pooling';
export type { GenerationOptions } from './api/generation-options';
export type { AnswerSource, AnswerSources } from './api/answer-sources';
export type { CompletionUsage } from './api/usage';
export type { CacheEvent, RerankEvent, StallEvent } from './runner/cache-event';
export type { CacheMap } from './runner/cache-map';
export type { PlanOptions } from './engine/engine';
export type {
  DocumentCost,
  DocumentInfo,
  DocumentState,
  OpenedDocument,
  ReadingProgress,
  StorageQuota,
  TogetherDocument,
  TogetherPlan,
} from './documents/document-info';
export type { DocumentDetails, DocumentPlace } from './prompt/places';
export type { AddDocumentOptions, EngineDocuments, VerifyOptions } from './worker/engine-documents';
export type { KvOptions } from './runner/memory-plan';
export type { ModelCheck } from './engine/check-model';
export type { EnginePlan } from './engine/engine-plan';
export type { RecoveryEvent } from './engine/recovery';
export type { EngineStats, RequestTimings } from './engine/stats';
export type { BufferCategory, BytesByCategory } from './gpu/buffer';
export type { AdapterDescription } from './gpu/device';
export type { KvFormat } from './kernels/attention/kv-format';
export type { WeightFormat } from './kernels/linear/weight-format';
export type { HeadProfile } from './stability/head-profile';
export type { ModelLocation } from './source/open-model-source';
export type { LoadProgress } from './weights/weight-loader';
