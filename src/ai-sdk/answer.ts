/** An answer of the engine's in the shapes of the AI SDK: pure. */
import type {
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
  SharedV4Warning,
} from '@ai-sdk/provider';
import type { ChatCompletion, ChatCompletionChunk } from '../api/chat-completions';
import type { AnswerSources } from '../api/answer-sources';
import type { ChatFinishReason } from '../api/tool-calls';
import type { CompletionUsage } from '../api/usage';

/** A whole answer. */
export function resultOf(answer: ChatCompletion, warnings: SharedV4Warning[]): LanguageModelV4GenerateResult {
  const [{ message, finish_reason: reason, sources }] = answer.choices;
  const content: LanguageModelV4Content[] = [];
  if (message.reasoning_content) content.push({ type: 'reasoning', text: message.reasoning_content });
  if (message.content) content.push({ type: 'text', text: message.content });
  for (const { id, function: called } of message.tool_calls ?? []) {
    content.push({ type: 'tool-call', toolCallId: id, toolName: called.name, input: called.arguments });
  }
  return {
    content,
    finishReason: finishReasonOf(reason),
    usage: usageOf(answer.usage),
    warnings,
    response: responseOf(answer),
    ...(sources && { providerMetadata: metadataOf(sources) }),
  };
}

/** A streamed answer, part by part; what it throws in the middle is a part too. */
export async function* partsOf(
  chunks: AsyncIterable<ChatCompletionChunk>,
  warnings: SharedV4Warning[],
): AsyncGenerator<LanguageModelV4StreamPart, void, undefined> {
  yield { type: 'stream-start', warnings };
  let open: 'text' | 'reasoning' | undefined;
  let numBlocks = 0;
  const calls: { id: string; name: string; input: string }[] = [];
  let reason: ChatFinishReason = 'stop';
  let usage: CompletionUsage | undefined;
  let sources: AnswerSources | undefined;
  let isTold = false;
  /** The end of the block that is open, where another kind of text or none follows. */
  function* ended(next?: typeof open): Generator<LanguageModelV4StreamPart> {
    if (open === next) return;
    if (open) yield { type: `${open}-end`, id: String(numBlocks) };
    open = next;
    if (next) yield { type: `${next}-start`, id: String(++numBlocks) };
  }
  function* told(
    kind: 'text' | 'reasoning',
    delta: string | undefined,
  ): Generator<LanguageModelV4StreamPart> {
    if (!delta) return;
    yield* ended(kind);
    yield { type: `${kind}-delta`, id: String(numBlocks), delta };
  }
  try {
    for await (const chunk of chunks) {
      if (!isTold) yield { type: 'response-metadata', ...responseOf(chunk) };
      isTold = true;
      if (chunk.usage) usage = chunk.usage;
      const [choice] = chunk.choices;
      if (!choice) continue;
      yield* told('reasoning', choice.delta.reasoning_content);
      yield* told('text', choice.delta.content);
      for (const { index, id, function: called } of choice.delta.tool_calls ?? []) {
        yield* ended();
        let call = calls[index];
        if (!call) {
          const previous = calls.at(-1);
          if (previous) yield { type: 'tool-input-end', id: previous.id };
          call = calls[index] = { id: id ?? String(index), name: called.name ?? '', input: '' };
          yield { type: 'tool-input-start', id: call.id, toolName: call.name };
        }
        if (!called.arguments) continue;
        call.input += called.arguments;
        yield { type: 'tool-input-delta', id: call.id, delta: called.arguments };
      }
      reason = choice.finish_reason ?? reason;
      sources = choice.sources ?? sources;
    }
    yield* ended();
    const last = calls.at(-1);
    if (last) yield { type: 'tool-input-end', id: last.id };
    for (const { id, name, input } of calls) {
      yield { type: 'tool-call', toolCallId: id, toolName: name, input };
    }
  } catch (error) {
    yield { type: 'error', error };
    return;
  }
  yield {
    type: 'finish',
    finishReason: finishReasonOf(reason),
    usage: usageOf(usage),
    ...(sources && { providerMetadata: metadataOf(sources) }),
  };
}

function responseOf({ id, created, model }: { id: string; created: number; model: string }) {
  return { id, timestamp: new Date(1000 * created), modelId: model };
}

function finishReasonOf(raw: ChatFinishReason): LanguageModelV4FinishReason {
  return { unified: raw === 'tool_calls' ? 'tool-calls' : raw, raw };
}

function usageOf(usage: CompletionUsage | undefined): LanguageModelV4Usage {
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens;
  const cached = usage?.prompt_tokens_details.cached_tokens;
  return {
    inputTokens: {
      total: usage?.prompt_tokens,
      noCache: usage && usage.prompt_tokens - cached!,
      cacheRead: cached,
      cacheWrite: undefined,
    },
    outputTokens: {
      total: usage?.completion_tokens,
      text: usage && usage.completion_tokens - (reasoning ?? 0),
      reasoning,
    },
  };
}

/** Sources are plain data. */
function metadataOf(sources: AnswerSources): SharedV4ProviderMetadata {
  return { longpage: { sources: JSON.parse(JSON.stringify(sources)) as SharedV4ProviderMetadata[string] } };
}
