/** An engine whose model is a list of events: the real door, shapes and all, without a GPU. */
import { createEmbeddings } from '../../src/api/embeddings';
import { creators, type Generate } from '../../src/api/create';
import type { ServedEngine } from '../../src/wire/served-engine';
import type { GenerationRequest } from '../../src/loop/generation';
import type { GenerationEvent } from '../../src/loop/generation-event';

/** What a scripted engine answers with. */
export interface Script {
  /** Pieces of the answer. */
  readonly pieces?: readonly string[];
  readonly finishReason?: 'stop' | 'length';
  /** The model's chat template, and how prompts of it end. */
  readonly chatTemplate?: string;
  readonly promptEnd?: string;
  /** Thrown before the first event, or after so many pieces. */
  readonly failure?: { readonly error: Error; readonly afterPieces?: number };
}

/** An engine that answers every request by the script, and what was asked of it. */
export function scriptedEngine(
  script: Script = {},
): ServedEngine & { readonly requests: GenerationRequest[] } {
  const requests: GenerationRequest[] = [];
  const generate: Generate = (request, signal) => {
    requests.push(request);
    return Promise.resolve(eventsOf(script, signal));
  };
  const context = {
    modelName: 'scripted',
    aliases: ['gpt-4o-mini', 'm'],
    vocabSize: 100,
    chatTemplate: script.chatTemplate,
  };
  const { createChat, createCompletion } = creators(generate, context);
  return {
    model: 'scripted',
    aliases: ['gpt-4o-mini', 'm'],
    chat: { completions: { create: createChat } },
    completions: { create: createCompletion },
    embeddings: {
      // As many vectors as inputs, each of which counts for a token.
      create: (request) =>
        createEmbeddings(request, context, ({ inputs }) =>
          Promise.resolve({
            vectors: inputs.map((_, i) => Float32Array.of(0.5, -0.25, i)),
            numTokens: inputs.length,
          }),
        ),
    },
    requests,
  };
}

async function* eventsOf(
  { pieces = ['Hel', 'lo.'], finishReason = 'stop', promptEnd, failure }: Script,
  signal: AbortSignal | undefined,
): AsyncGenerator<GenerationEvent, void> {
  if (failure && failure.afterPieces === undefined) throw failure.error;
  yield {
    kind: 'start',
    numPromptTokens: 5,
    numCachedTokens: 2,
    ...(promptEnd !== undefined && { promptEnd }),
  };
  for (const [i, text] of pieces.entries()) {
    if (failure?.afterPieces === i) throw failure.error;
    // Others have their turn between two tokens, as with a GPU.
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    yield { kind: 'delta', text, tokenIds: [i] };
  }
  yield {
    kind: 'end',
    finishReason,
    numPromptTokens: 5,
    numCachedTokens: 2,
    numCompletionTokens: pieces.length,
    timings: { prefillMs: 1, stepMs: [] },
  };
}
