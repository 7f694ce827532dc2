/** OpenAI's Responses API, the request: as a chat completion request. Nothing is stored, so nothing can be referred to. */
import type {
  ChatCompletionMessageParam,
  ChatCompletionRequest,
  ChatResponseFormat,
} from '../api/chat-completions';
import { describe, quoted, RequestReader, type UnsupportedField } from '../api/request-reader';
import type { ChatCompletionTool } from '../api/tool-calls';
import { unsupportedFields } from '../api/unsupported-fields';
import { isJsonObject } from '../util/json';

/** What an answer repeats of its request, by the names of the Responses API. */
export interface ResponseSettings {
  readonly instructions: string | null;
  readonly max_output_tokens: number | null;
  readonly metadata: unknown;
  readonly parallel_tool_calls: unknown;
  readonly temperature: number | null;
  readonly top_p: number | null;
  readonly text: unknown;
  readonly tool_choice: unknown;
  readonly tools: unknown;
}

const notStored = { reason: 'answers are not stored; send the history as "input"' };
const isFalse = (value: unknown): boolean => value === false;

const known: Readonly<Record<string, UnsupportedField>> = {
  ...unsupportedFields,
  background: { reason: 'an answer lasts as long as its request', changesNothing: isFalse },
  context_management: { reason: 'the history is used as it is' },
  conversation: notStored,
  include: { reason: 'it must be a list', changesNothing: Array.isArray },
  max_tool_calls: { reason: 'tools are called by you' },
  previous_response_id: notStored,
  prompt: notStored,
  reasoning: {
    reason: 'it depends on the model; say it in a message',
    changesNothing: (value) =>
      typeof value === 'object' && value !== null && Object.values(value).every((field) => field === null),
  },
  truncation: {
    reason: 'the history is used as it is',
    changesNothing: (value) => value === 'disabled',
  },
};

/** Kinds of text part, in what is asked and what was answered. */
const textParts = ['input_text', 'output_text', 'text'];

/**
 * The chat completion request that a request of the Responses API comes to.
 * @throws TypeError for a wrong type or an unknown field; EngineError `unsupported`; each a sentence that names the field
 */
export function chatRequestOf(body: unknown): { chat: ChatCompletionRequest; settings: ResponseSettings } {
  const reader = new RequestReader(body, 'The request');
  const instructions = reader.string('instructions');
  const messages = readInput(reader);
  if (instructions !== undefined) messages.unshift({ role: 'system', content: instructions });
  const limit = reader.integer('max_output_tokens', { min: 1, max: Number.MAX_SAFE_INTEGER });
  const numTop = reader.integer('top_logprobs', { min: 0, max: 20 });
  const isStream = reader.boolean('stream') ?? false;
  const streamOptions = reader.object('stream_options');
  streamOptions?.boolean('include_obfuscation');
  streamOptions?.refuseRest();
  const text = reader.object('text');
  const format = text?.take('format');
  text?.refuseRest({ verbosity: unsupportedFields.verbosity! });
  const tools = reader.list('tools');
  const choice = reader.take('tool_choice');
  const parallel = reader.boolean('parallel_tool_calls');
  // Those that both have are checked where the chat completion is.
  const common = Object.fromEntries(
    ['model', 'temperature', 'top_p', 'user', 'metadata', 'document', 'documents', 'seed', 'top_k']
      .map((name) => [name, reader.take(name)])
      .filter(([, value]) => value !== undefined),
  ) as Partial<ChatCompletionRequest>;
  const settings = {
    instructions: instructions ?? null,
    max_output_tokens: limit ?? null,
    metadata: common.metadata ?? {},
    parallel_tool_calls: parallel ?? true,
    // What the model has them at otherwise, nobody knows at this door.
    temperature: common.temperature ?? null,
    top_p: common.top_p ?? null,
    text: { format: format ?? { type: 'text' } },
    tool_choice: choice ?? 'auto',
    tools: tools ?? [],
  };
  reader.refuseRest(known);
  return {
    chat: {
      ...common,
      messages,
      ...(tools && { tools: tools.map((tool, i) => chatTool(tool, `tools[${i}]`)) }),
      ...(choice !== undefined && { tool_choice: chatChoice(choice) }),
      ...(parallel !== undefined && { parallel_tool_calls: parallel }),
      ...(limit !== undefined && { max_completion_tokens: limit }),
      ...(numTop !== undefined && numTop > 0 && { logprobs: true, top_logprobs: numTop }),
      ...(format !== undefined && { response_format: chatFormat(format) }),
      ...(isStream && { stream: true, stream_options: { include_usage: true } }),
    },
    settings,
  };
}

/** Tools have their fields in an object of their own in chat completions. */
function chatTool(value: unknown, path: string): ChatCompletionTool {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const type = reader.string('type');
  if (type !== 'function') {
    throw reader.unsupported('type', `only "function" is, and this is ${quoted(type ?? 'nothing')}`);
  }
  const names = ['name', 'description', 'parameters', 'strict'];
  const fields = names.map((name) => [name, reader.take(name)]).filter(([, field]) => field !== undefined);
  reader.refuseRest();
  return { type, function: Object.fromEntries(fields) as NonNullable<ChatCompletionTool['function']> };
}

/** A schema has its fields in an object of their own, too. */
function chatFormat(value: unknown): ChatResponseFormat {
  if (!isJsonObject(value) || value.type !== 'json_schema') return value as ChatResponseFormat;
  const { type, ...fields } = value;
  return { type, json_schema: fields as NonNullable<ChatResponseFormat['json_schema']> };
}

function chatChoice(value: unknown): unknown {
  if (!isJsonObject(value) || value.type !== 'function') return value;
  const { type, name, ...rest } = value;
  return { type, function: { name }, ...rest };
}

function readInput(reader: RequestReader): ChatCompletionMessageParam[] {
  const input = reader.take('input');
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw reader.wrongType('input', 'a string or a list of items', input);
  const messages: ChatCompletionMessageParam[] = [];
  for (const [i, item] of input.entries()) {
    const message = readItem(item, `input[${i}]`);
    const latest = messages.at(-1);
    // What the model said and called in one answer is one message.
    if (message?.tool_calls && latest?.role === 'assistant') {
      latest.tool_calls = [...(latest.tool_calls ?? []), ...message.tool_calls];
    } else if (message) messages.push(message);
  }
  return messages;
}

/** An item as a message; undefined for one that says nothing to the model. */
function readItem(value: unknown, path: string): ChatCompletionMessageParam | undefined {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const type = reader.string('type') ?? 'message';
  // Of an answer that is sent back.
  for (const name of ['id', 'status', 'phase']) reader.take(name);
  switch (type) {
    case 'reasoning':
      return undefined;
    case 'function_call':
      return readCall(reader, path);
    case 'function_call_output':
      return readResult(reader, path);
    case 'message':
      break;
    default:
      throw reader.unsupported('type', `this engine has no ${quoted(type)}`);
  }
  const role = reader.string('role');
  if (role === undefined) throw new TypeError(`"${path}" needs "role".`);
  const content = readContent(reader.take('content'), `${path}.content`);
  reader.refuseRest();
  return { role: role as ChatCompletionMessageParam['role'], content };
}

function readCall(reader: RequestReader, path: string): ChatCompletionMessageParam {
  const id = reader.string('call_id');
  const name = reader.string('name');
  const text = reader.string('arguments') ?? '';
  reader.refuseRest(callFields);
  if (id === undefined || name === undefined) throw new TypeError(`"${path}" needs "call_id" and "name".`);
  const call = { id, type: 'function', function: { name, arguments: text } };
  return { role: 'assistant', content: null, tool_calls: [call] };
}

function readResult(reader: RequestReader, path: string): ChatCompletionMessageParam {
  const id = reader.string('call_id');
  if (id === undefined) throw new TypeError(`"${path}" needs "call_id".`);
  const content = readContent(reader.take('output'), `${path}.output`);
  reader.refuseRest(callFields);
  return { role: 'tool', tool_call_id: id, content };
}

/** What OpenAI's clients may send with calls, and has nothing to say here. */
const callFields: Readonly<Record<string, UnsupportedField>> = {
  caller: { reason: 'tools are called by you', changesNothing: isJsonObject },
};

function readContent(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) {
    throw new TypeError(`"${path}" must be a string or a list of text parts, not ${describe(value)}.`);
  }
  return value
    .map((part: unknown, i) => {
      const reader = new RequestReader(part, `"${path}[${i}]"`, `${path}[${i}].`);
      const type = reader.string('type');
      if (type === 'refusal') return reader.string('refusal') ?? '';
      if (type === undefined || !textParts.includes(type)) {
        throw reader.unsupported('type', `only text is, and this is ${quoted(type ?? 'nothing')}`);
      }
      const text = reader.string('text');
      if (text === undefined) throw new TypeError(`"${path}[${i}]" needs "text".`);
      return text;
    })
    .join('');
}
