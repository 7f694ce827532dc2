/** A call of the AI SDK as a chat completion request: pure. */
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Message,
  LanguageModelV4ToolResultOutput,
  SharedV4Warning,
} from '@ai-sdk/provider';
import type { ChatCompletionMessageParam, ChatCompletionRequest, ContentPart } from '../api/chat-completions';

/** The request, and what of the call it leaves out. */
export interface CalledRequest {
  readonly request: ChatCompletionRequest;
  readonly warnings: SharedV4Warning[];
}

/** The request of a call; `providerOptions.longpage` are fields of it, such as `document`, `sources` or `min_p`. */
export function chatRequestOf(call: LanguageModelV4CallOptions): CalledRequest {
  const warnings: SharedV4Warning[] = [];
  const { reasoning = 'provider-default', responseFormat, toolChoice } = call;
  if (reasoning !== 'provider-default' && reasoning !== 'none') {
    warnings.push({
      type: 'unsupported',
      feature: `reasoning: ${reasoning}`,
      details: 'There are no degrees.',
    });
  }
  const tools = call.tools?.flatMap((tool) => {
    if (tool.type !== 'function') {
      warnings.push({
        type: 'unsupported',
        feature: `tool ${tool.id}`,
        details: 'Tools are functions here.',
      });
      return [];
    }
    const { name, description, inputSchema: parameters, strict } = tool;
    return [{ type: 'function', function: { name, description, parameters, strict } }];
  });
  const request: ChatCompletionRequest = {
    messages: call.prompt.flatMap(messagesOf),
    max_completion_tokens: call.maxOutputTokens,
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
    presence_penalty: call.presencePenalty,
    frequency_penalty: call.frequencyPenalty,
    stop: call.stopSequences?.length ? call.stopSequences : undefined,
    seed: call.seed,
    tools: tools?.length ? tools : undefined,
    tool_choice: tools?.length
      ? toolChoice?.type === 'tool'
        ? { type: 'function', function: { name: toolChoice.toolName } }
        : toolChoice?.type
      : undefined,
    response_format: responseFormat?.type === 'json' ? formatOf(responseFormat) : undefined,
    reasoning_effort: reasoning === 'none' ? 'none' : undefined,
    ...call.providerOptions?.longpage,
  } as ChatCompletionRequest;
  return { request, warnings };
}

function formatOf({
  schema,
  name = 'answer',
  description,
}: Extract<LanguageModelV4CallOptions['responseFormat'], { type: 'json' }>) {
  return schema
    ? { type: 'json_schema', json_schema: { name, description, schema, strict: true } }
    : { type: 'json_object' };
}

/** A message of the SDK's; results of several tools are a message each. */
function messagesOf(message: LanguageModelV4Message): ChatCompletionMessageParam[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.content }];
    case 'user':
      return [{ role: 'user', content: message.content.map(contentPartOf) }];
    case 'assistant':
      return [answerOf(message.content)];
    case 'tool':
      // Leave to call a tool was given or not; the model sees what came of it.
      return message.content.flatMap((part) =>
        part.type === 'tool-result'
          ? [{ role: 'tool' as const, tool_call_id: part.toolCallId, content: textOf(part.output) }]
          : [],
      );
  }
}

type UserPart = Extract<LanguageModelV4Message, { role: 'user' }>['content'][number];
type AnswerPart = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'][number];

/** Files of text are text. Others stay what they are, for the engine to refuse by their type. */
function contentPartOf(part: UserPart): ContentPart {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const { data, mediaType } = part;
  if (data.type === 'text') return { type: 'text', text: data.text };
  if (data.type !== 'data' || !mediaType.startsWith('text/')) return { type: mediaType };
  const bytes =
    typeof data.data === 'string' ? Uint8Array.from(atob(data.data), (c) => c.charCodeAt(0)) : data.data;
  return { type: 'text', text: new TextDecoder().decode(bytes) };
}

function answerOf(parts: readonly AnswerPart[]): ChatCompletionMessageParam {
  const joined = (type: 'text' | 'reasoning') =>
    parts.map((part) => (part.type === type && 'text' in part ? part.text : '')).join('');
  const reasoning = joined('reasoning');
  const calls = parts.flatMap((part) =>
    part.type === 'tool-call'
      ? [
          {
            id: part.toolCallId,
            type: 'function',
            function: { name: part.toolName, arguments: JSON.stringify(part.input ?? {}) },
          },
        ]
      : [],
  );
  return {
    role: 'assistant',
    content: joined('text'),
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** What a tool said, as the text that the model reads. */
function textOf(output: LanguageModelV4ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'error-text':
      return output.value;
    case 'json':
    case 'error-json':
      return JSON.stringify(output.value);
    case 'execution-denied':
      return output.reason ?? 'The tool was not allowed to run.';
    case 'content':
      return output.value.map((part) => (part.type === 'text' ? part.text : JSON.stringify(part))).join('\n');
  }
}
