/** What a request says of tools, checked field by field. */
import { isJsonObject, type JsonObject } from '../../util/json';
import { isJson } from '../json-value';
import { quoted, RequestReader } from '../request-reader';

/** A function that the model may call. */
interface FunctionTool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly isStrict: boolean;
}

/** Which of the tools the model may or must call. */
type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** What a request says of tools. */
export interface ToolWishes {
  readonly tools: readonly FunctionTool[];
  readonly choice: ToolChoice;
  readonly maxCalls: number;
}

const maxNumTools = 128;

/** Takes `tools`, `tool_choice` and `parallel_tool_calls`. @throws TypeError, RangeError, EngineError `unsupported` naming the field */
export function readToolWishes(reader: RequestReader): ToolWishes {
  const list = reader.list('tools') ?? [];
  if (list.length > maxNumTools) {
    throw new RangeError(`"tools" must have at most ${maxNumTools} tools, not ${list.length}.`);
  }
  const tools = list.map((value, i) => readTool(value, `tools[${i}]`));
  for (const [i, { name }] of tools.entries()) {
    if (tools.findIndex((other) => other.name === name) < i)
      throw new RangeError(`"tools[${i}].function.name" is ${quoted(name)}, as that of another tool.`);
  }
  const choice = readChoice(reader, tools);
  const maxCalls = (reader.boolean('parallel_tool_calls') ?? true) ? Infinity : 1;
  return { tools, choice, maxCalls };
}

function readTool(value: unknown, path: string): FunctionTool {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const type = reader.string('type');
  if (type === undefined) throw new TypeError(`"${path}" needs "type".`);
  if (type !== 'function')
    throw reader.unsupported('type', `only "function" is, and this is ${quoted(type)}`);
  const fields = reader.object('function');
  if (!fields) throw new TypeError(`"${path}" needs "function".`);
  reader.refuseRest();
  const name = fields.string('name');
  if (name === undefined) throw new TypeError(`"${path}.function" needs "name".`);
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw new RangeError(
      `"${path}.function.name" must be 1 to 64 letters, digits, or any of _-., not ${quoted(name)}.`,
    );
  }
  const description = fields.string('description');
  const parameters = fields.take('parameters');
  if (parameters !== undefined && !isJsonObject(parameters))
    throw fields.wrongType('parameters', 'an object', parameters);
  if (!isJson(parameters ?? {}))
    throw new TypeError(`"${path}.function.parameters" must be plain JSON, not too deep.`);
  const isStrict = fields.boolean('strict') ?? false;
  fields.refuseRest();
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters && { parameters }),
    isStrict,
  };
}

function readChoice(reader: RequestReader, tools: readonly FunctionTool[]): ToolChoice {
  const value = reader.take('tool_choice');
  if (value === undefined || value === 'auto' || value === 'none') return value ?? 'auto';
  if (typeof value === 'string' && value !== 'required') {
    throw new RangeError(`"tool_choice" must be none, auto, required or a function, not ${quoted(value)}.`);
  }
  if (tools.length === 0) throw new TypeError('"tool_choice" needs "tools".');
  if (value === 'required') return value;
  if (!isJsonObject(value)) throw reader.wrongType('tool_choice', 'a string or an object', value);
  const fields = new RequestReader(value, '"tool_choice"', 'tool_choice.');
  const type = fields.string('type');
  if (type !== 'function') {
    throw fields.unsupported(
      'type',
      `only "function" is, and this is ${type === undefined ? 'nothing' : quoted(type)}`,
    );
  }
  const named = fields.object('function');
  const name = named?.string('name');
  if (name === undefined) throw new TypeError('"tool_choice.function" needs "name".');
  named!.refuseRest();
  fields.refuseRest();
  if (!tools.some((tool) => tool.name === name)) {
    throw new RangeError(`"tool_choice.function.name" is ${quoted(name)}, which is none of the "tools".`);
  }
  return { name };
}

/** A tool as chat templates are given it: OpenAI's shape, without what says nothing to the model. */
export function templateTool({ name, description, parameters }: FunctionTool): object {
  const described = { name, ...(description !== undefined && { description }) };
  return {
    type: 'function',
    function: { ...described, parameters: parameters ?? { type: 'object', properties: {} } },
  };
}

/** A call in the history: its arguments are JSON text. */
export interface HistoryCall {
  readonly id: string | undefined;
  readonly name: string;
  readonly arguments: string;
}

/** Takes `tool_calls` of a message; undefined where there are none. @throws TypeError, EngineError `unsupported` naming the field */
export function readHistoryCalls(reader: RequestReader, path: string): HistoryCall[] | undefined {
  const list = reader.list('tool_calls');
  if (!list || list.length === 0) return undefined;
  return list.map((value, i) => readHistoryCall(value, `${path}.tool_calls[${i}]`));
}

function readHistoryCall(value: unknown, path: string): HistoryCall {
  const reader = new RequestReader(value, `"${path}"`, `${path}.`);
  const type = reader.string('type') ?? 'function';
  if (type !== 'function')
    throw reader.unsupported('type', `only "function" is, and this is ${quoted(type)}`);
  const id = reader.string('id');
  reader.take('index');
  const fields = reader.object('function');
  const name = fields?.string('name');
  if (!fields || name === undefined) throw new TypeError(`"${path}.function" needs "name".`);
  const text = fields.string('arguments') ?? '';
  // What clients note of it for themselves.
  for (const own of ['parsed_arguments', 'output']) fields.take(own);
  fields.refuseRest();
  reader.refuseRest();
  return { id, name, arguments: text };
}

/** The object that the arguments' text says; the text itself where it says none, as a model may have written it so. */
export function parsedArguments(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : text;
  } catch {
    return text;
  }
}

/** The type that a tool's parameters give to one of them; undefined where they do not say it. */
export function typeOfParameter(tools: readonly FunctionTool[], tool: string, parameter: string): unknown {
  const properties = tools.find(({ name }) => name === tool)?.parameters?.properties;
  if (!isJsonObject(properties) || !Object.hasOwn(properties, parameter)) return undefined;
  const schema = properties[parameter];
  return isJsonObject(schema) ? schema.type : undefined;
}
