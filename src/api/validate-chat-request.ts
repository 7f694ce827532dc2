/** Chat completion requests: checked field by field, and turned into what the engine takes. */
import type { DocumentSource, GenerationRequest } from '../loop/generation';
import type { ChatMessage, ChatRole } from '../tokenizer/chat-message';
import { isJsonObject } from '../util/json';
import { checkDocumentIds } from './document-ids';
import { isJson } from './json-value';
import { describe, quoted, RequestReader } from './request-reader';
import type { ToolUse } from './tools/tool-use';
import { unsupportedFields, unsupportedMessageFields, unsupportedPartFields } from './unsupported-fields';
import { readCommonOptions, type RequestContext, type ResponseOptions } from './validate-options';

/** A request as the engine takes it, and how the caller wants the answer. */
export interface ValidatedRequest {
  request: GenerationRequest;
  response: ResponseOptions;
}

/** The part on demand that chats with tools or thoughts need. */
interface ToolPart {
  readonly ToolUse: typeof ToolUse;
}

/** A chat request, and what its answer is read with. */
export interface ValidatedChatRequest extends ValidatedRequest {
  toolUse?: ToolUse;
}

/** Whether a request cannot be checked without the part for tools and thoughts. Never throws. */
export function needsToolPart(value: unknown, { chatTemplate = '' }: RequestContext): boolean {
  if (/<think>|\[THINK\]/.test(chatTemplate)) return true;
  const isFull = (list: unknown) => Array.isArray(list) && list.length > 0;
  const {
    tools,
    tool_choice: choice,
    messages,
    response_format: format,
  } = (value ?? {}) as Record<string, unknown>;
  const isAboutTools = (message: unknown) => {
    const { role, tool_calls: calls } = (message ?? {}) as Record<string, unknown>;
    return role === 'tool' || isFull(calls);
  };
  // Another type than text, or a wrong one.
  const isFormat = isJsonObject(format) && format.type !== 'text';
  if (isFormat || isFull(tools) || choice === 'required' || isJsonObject(choice)) return true;
  return Array.isArray(messages) && messages.some(isAboutTools);
}

/** A tool's results need the part for tools. */
const roles: Readonly<Record<string, ChatRole>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

/**
 * Checks a chat completion request from anywhere and fills in the defaults.
 * @throws TypeError for a wrong type or an unknown field; RangeError for a value out of range; EngineError `unsupported` for what
 * this engine cannot do; each a sentence that names the field.
 */
export function validateChatRequest(
  value: unknown,
  context: RequestContext = {},
  part?: ToolPart,
): ValidatedChatRequest {
  const reader = new RequestReader(value, 'The chat completion request');
  const toolUse = part && new part.ToolUse(context.chatTemplate ?? '');
  const messages = readMessages(reader, toolUse);
  const document = readDocuments(reader, readDocument(reader));
  const { response, maxTokens, ...options } = readCommonOptions(reader, context);
  if (options.sources && !document) throw new TypeError('"sources" needs a "document" that they are in.');
  const limit = readTokenLimit(reader, maxTokens);
  const logprobs = readLogprobs(reader);
  const given = readTemplateVariables(reader);
  const told = toolUse?.readRequest(reader) ?? {};
  if (told.tools && given && Object.hasOwn(given, 'tools'))
    throw new RangeError('"chat_template_kwargs.tools" is given by "tools"; leave it out.');
  if (told.format && options.ignoreEos)
    throw new RangeError('"ignore_eos" does not go with a format, which the answer ends with.');
  const variables = given || told.tools ? { ...given, ...(told.tools && { tools: told.tools }) } : undefined;
  reader.refuseRest(unsupportedFields);
  return {
    ...(toolUse && { toolUse }),
    request: {
      prompt: { kind: 'chat', messages, ...(document && { document }), ...(variables && { variables }) },
      ...(limit !== undefined && { maxTokens: limit }),
      ...options,
      ...(logprobs !== undefined && { logprobs }),
      ...(toolUse && { marks: toolUse.marks }),
      ...(told.format && { format: told.format }),
    },
    response,
  };
}

function readMessages(reader: RequestReader, toolUse: ToolUse | undefined): ChatMessage[] {
  const list = reader.list('messages');
  if (!list) throw new TypeError('The chat completion request needs "messages".');
  if (list.length === 0) throw new RangeError('"messages" must have at least one message.');
  return list.map((value, i) => readMessage(value, `messages[${i}]`, toolUse));
}

function readMessage(value: unknown, path: string, toolUse: ToolUse | undefined): ChatMessage {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const name = reader.string('role');
  const added = toolUse?.readMessage(reader, name, path) ?? {};
  const known = name !== undefined && Object.hasOwn(roles, name) ? roles[name] : undefined;
  const role = added.role ?? known;
  if (!role) {
    const given = name === undefined ? 'nothing' : quoted(name);
    throw new RangeError(`"${path}.role" must be system, developer, user, assistant or tool, not ${given}.`);
  }
  // An answer in the history may have no text: it refused, or called tools.
  const isAnswer = role === 'assistant';
  const refusal = isAnswer ? reader.string('refusal') : undefined;
  const given = reader.take('content') ?? (isAnswer ? (refusal ?? '') : undefined);
  const content = readContent(given, `${path}.content`);
  reader.refuseRest(unsupportedMessageFields);
  return { role, content: toolUse?.contentWithCalls(content, added) ?? content, ...added };
}

function readContent(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) {
    throw new TypeError(`"${path}" must be a string or a list of text parts, not ${describe(value)}.`);
  }
  return value.map((part: unknown, i) => readPart(part, `${path}[${i}]`)).join('');
}

function readPart(value: unknown, path: string): string {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const type = reader.string('type');
  if (type === undefined) throw new TypeError(`"${path}" needs "type".`);
  if (type !== 'text' && type !== 'refusal') {
    throw reader.unsupported('type', `only text is, and this is ${quoted(type)}`);
  }
  const text = reader.string(type);
  if (text === undefined) throw new TypeError(`"${path}" needs "${type}".`);
  reader.refuseRest(unsupportedPartFields);
  return text;
}

function readDocument(reader: RequestReader): DocumentSource | undefined {
  const value = reader.take('document');
  if (value === undefined) return undefined;
  if (typeof value === 'string') {
    if (value === '') throw new RangeError('"document" must not be an empty name.');
    return { id: value };
  }
  const fields = new RequestReader(value, '"document"', 'document.');
  const text = fields.string('text');
  const id = fields.string('id');
  fields.refuseRest();
  if (id === '') throw new RangeError('"document.id" must not be an empty name.');
  if (text !== undefined && id === undefined) return { text };
  if (id !== undefined && text === undefined) return { id };
  throw new TypeError('"document" must be a name or an object with "id" or "text".');
}

/** Several documents in the place of the one. */
function readDocuments(
  reader: RequestReader,
  document: DocumentSource | undefined,
): DocumentSource | undefined {
  const list = reader.take('documents');
  if (list === undefined) return document;
  if (document) throw new TypeError('"documents" does not go with "document".');
  return { ids: checkDocumentIds(list, '"documents"') };
}

function readTokenLimit(reader: RequestReader, maxTokens: number | undefined): number | undefined {
  const limit = reader.integer('max_completion_tokens', { min: 1, max: Number.MAX_SAFE_INTEGER });
  if (limit !== undefined && maxTokens !== undefined && limit !== maxTokens) {
    throw new RangeError(
      `"max_tokens" is ${maxTokens} but "max_completion_tokens" is ${limit}; give one of them.`,
    );
  }
  return limit ?? maxTokens;
}

/** Names that the engine itself gives the chat template. */
const ownVariables = ['messages', 'add_generation_prompt'];

/** What the chat template is told beside the messages. */
function readTemplateVariables(reader: RequestReader): Record<string, unknown> | undefined {
  const given = reader.take('chat_template_kwargs');
  if (given !== undefined && !isJsonObject(given))
    throw reader.wrongType('chat_template_kwargs', 'an object', given);
  for (const name of ownVariables) {
    if (given && Object.hasOwn(given, name))
      throw new RangeError(`"chat_template_kwargs.${name}" is given by the engine itself; leave it out.`);
  }
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!isJson(value)) throw new TypeError(`"chat_template_kwargs.${name}" must be plain JSON.`);
  }
  const effort = reader.take('reasoning_effort');
  if (effort !== undefined && effort !== 'none')
    throw reader.unsupported('reasoning_effort', 'only "none" is; say more in a message');
  if (!given && effort === undefined) return undefined;
  return { ...(effort === 'none' && { enable_thinking: false }), ...given };
}

function readLogprobs(reader: RequestReader): number | undefined {
  const isWanted = reader.boolean('logprobs') ?? false;
  const numTop = reader.integer('top_logprobs', { min: 0, max: 20 });
  if (numTop !== undefined && !isWanted) throw new TypeError('"top_logprobs" needs "logprobs": true.');
  return isWanted ? (numTop ?? 0) : undefined;
}
