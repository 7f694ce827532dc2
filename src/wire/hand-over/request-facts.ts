/** What an engine says of a request before it is asked to answer: the prompt's tokens, or what it cannot do. */
import type { ChatCompletionRequest } from '../../api/chat-completions';
import type { CompletionRequest } from '../../api/completions';
import { EngineError } from '../../util/errors';
import { chatRequestOf } from '../responses-request';
import type { RoutedRequest, RouteFacts } from './route';

interface CountingEngine {
  countTokens(
    request: ChatCompletionRequest | CompletionRequest,
    options: { readonly signal: AbortSignal },
  ): Promise<number>;
}

/** Those of the facts that follow from the request. What is wrong with it is nothing to route by: the engine says it. */
export async function requestFacts(
  engine: CountingEngine,
  { path, body }: RoutedRequest,
  signal: AbortSignal,
): Promise<Pick<RouteFacts, 'promptTokens' | 'unsupported' | 'errorCode'>> {
  try {
    switch (path) {
      case '/models':
        return {};
      case '/chat/completions':
      case '/completions':
        return {
          promptTokens: await engine.countTokens(body as unknown as ChatCompletionRequest, { signal }),
        };
      case '/responses':
        return { promptTokens: await engine.countTokens(chatRequestOf(body).chat, { signal }) };
      // Vectors of two models are not comparable: where there is a server, it makes all of them, /embeddings among the rest.
      default:
        return { unsupported: path };
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EngineError) {
      return error.code === 'unsupported'
        ? { unsupported: error.field ?? 'request' }
        : { errorCode: error.code };
    }
    const [, unknown] = /unknown field "([^"]+)"/.exec(String(error)) ?? [];
    return unknown === undefined ? {} : { unsupported: unknown };
  }
}
