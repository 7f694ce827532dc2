/** Who answers a request, the engine in the page or a server: one pure function of what is known. */
import type { EngineErrorCode } from '../../util/errors';

/** A request, as the router reads it. */
export interface RoutedRequest {
  /** What its URL ends with: `/chat/completions`, `/completions`, `/responses`, `/embeddings`, `/models`, or another path, which no engine answers. */
  readonly path: string;
  /** Its JSON body; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** What a route is chosen by. */
export interface RouteFacts {
  /** The engine: not given, still loading, loaded, or not to be had any more. */
  readonly device: 'absent' | 'loading' | 'ready' | 'failed';
  /** Code of the error that the engine failed with, or that it has already refused or broken off this request with. */
  readonly errorCode?: EngineErrorCode;
  /** What the engine cannot do, where the request asks for that: a field's name, or a path that it does not know. */
  readonly unsupported?: string;
  /** Tokens of the prompt; absent where the engine has not counted them. */
  readonly promptTokens?: number;
  /** Tokens that the engine holds for a request, answer included. */
  readonly contextTokens?: number;
  /** Requests that this router has sent to the engine: those whose answers have begun, and those whose have not. */
  readonly numRunning: number;
  readonly numWaiting: number;
  /** Names of the engine's model, and of the server's where it was given. */
  readonly deviceModels: readonly string[];
  readonly serverModel?: string;
}

/**
 * Why a request moves: no engine is given; it has no WebGPU; it failed; it is loading; it cannot do what is asked; the context is
 * longer than it holds; it has much to do; the server's model was asked for by its name.
 */
export type MoveReason =
  | 'no-engine'
  | 'no-webgpu'
  | 'failed'
  | 'loading'
  | 'unsupported'
  | 'context'
  | 'busy'
  | 'quality';

/** Where a request goes. */
export type Route = { readonly to: 'device' } | { readonly to: 'server'; readonly why: MoveReason };

/** Requests on the engine beyond which the next one moves: as many conversations as it keeps unless told otherwise. */
const mostAtOnce = 4;

const device: Route = { to: 'device' };
const server = (why: MoveReason): Route => ({ to: 'server', why });

/** What errors of the engine a server can help with; all others are the caller's. */
const reasonOf: Partial<Record<EngineErrorCode, MoveReason>> = {
  'webgpu-unavailable': 'no-webgpu',
  'limit-too-small': 'failed',
  'model-unsupported': 'failed',
  'weights-corrupt': 'failed',
  'worker-failed': 'failed',
  'device-lost': 'failed',
  'not-finite': 'failed',
  disposed: 'failed',
  network: 'failed',
  unsupported: 'unsupported',
  'context-too-long': 'context',
  'gpu-memory': 'context',
  'host-memory': 'context',
  'storage-quota': 'context',
};

/**
 * The route unless an application has one of its own: the engine answers whatever it can, and the server is asked where it cannot,
 * where four requests are on it, or where the request names the server's model.
 */
export function route({ body }: RoutedRequest, facts: RouteFacts): Route {
  const { model } = body;
  if (typeof model === 'string' && model === facts.serverModel && !facts.deviceModels.includes(model)) {
    return server('quality');
  }
  const refused = facts.errorCode && reasonOf[facts.errorCode];
  if (facts.device === 'absent') return server('no-engine');
  if (facts.device === 'loading') return server('loading');
  if (facts.device === 'failed') return server(refused ?? 'failed');
  if (facts.errorCode !== undefined) return refused ? server(refused) : device;
  if (facts.unsupported !== undefined) return server('unsupported');
  const { promptTokens = 0, contextTokens = Infinity, numRunning, numWaiting } = facts;
  if (promptTokens >= contextTokens) return server('context');
  return numRunning + numWaiting >= mostAtOnce ? server('busy') : device;
}
