/** What an answer must be, as a request says it: checked, and as data for the grammar. */
import type { AnswerFormat, CallFormat, CallsFormat } from '../../grammar/answer-format';
import { isJson } from '../json-value';
import { describe, quoted, type RequestReader } from '../request-reader';
import type { ToolFamily } from './families';
import type { ToolWishes } from './read-tools';

const maxNumChoices = 1000;
/** Calls in one answer that must have some. */
const mostCalls = 8;

/** Takes `response_format`; undefined for text. @throws TypeError, RangeError, EngineError `unsupported` naming the field */
export function readFormat(reader: RequestReader): AnswerFormat | undefined {
  const fields = reader.object('response_format');
  if (!fields) return undefined;
  const type = fields.string('type');
  if (type === undefined) throw new TypeError('"response_format" needs "type".');
  const format = formatOf(type, fields);
  fields.refuseRest();
  return format;
}

function formatOf(type: string, fields: RequestReader): AnswerFormat | undefined {
  switch (type) {
    case 'text':
      return undefined;
    case 'json_object':
      return { kind: 'json-object' };
    case 'json_schema':
      return readSchema(fields);
    case 'regex': {
      const pattern = fields.string('pattern');
      if (pattern === undefined) throw new TypeError('"response_format" needs "pattern".');
      return { kind: 'regex', pattern, field: 'response_format.pattern' };
    }
    case 'choice':
      return { kind: 'choice', choices: readChoices(fields) };
    default:
      throw fields.unsupported(
        'type',
        `text, json_object, json_schema, regex and choice are, and this is ${quoted(type)}`,
      );
  }
}

function readSchema(fields: RequestReader): AnswerFormat {
  const given = fields.object('json_schema');
  if (!given) throw new TypeError('"response_format" needs "json_schema".');
  for (const name of ['name', 'description']) given.string(name);
  given.boolean('strict');
  const schema = given.take('schema') ?? {};
  given.refuseRest();
  if (typeof schema !== 'object' || Array.isArray(schema))
    throw given.wrongType('schema', 'an object', schema);
  if (!isJson(schema))
    throw new TypeError('"response_format.json_schema.schema" must be plain JSON, not too deep.');
  return { kind: 'json-schema', schema: JSON.stringify(schema), field: 'response_format.json_schema.schema' };
}

function readChoices(fields: RequestReader): string[] {
  const list = fields.list('choices');
  if (!list || list.length === 0) throw new TypeError('"response_format" needs "choices".');
  if (list.length > maxNumChoices)
    throw new RangeError(
      `"response_format.choices" must have at most ${maxNumChoices} texts, not ${list.length}.`,
    );
  return list.map((text, i) => {
    if (typeof text !== 'string')
      throw new TypeError(`"response_format.choices[${i}]" must be a string, not ${describe(text)}.`);
    if (text === '') throw new RangeError(`"response_format.choices[${i}]" must not be empty.`);
    return text;
  });
}

/** An answer that is calls of tools. */
export function callsFormat(
  { tools, choice, maxCalls }: ToolWishes,
  { written, form, quote }: ToolFamily,
): CallsFormat {
  const { before, after, first = '', between, last = '' } = written;
  const calls = tools.flatMap((tool, i): CallFormat[] => {
    if (typeof choice === 'object' && choice.name !== tool.name) return [];
    const { name, parameters = { type: 'object', properties: {}, additionalProperties: false } } = tool;
    const opened = before.replace('NAME', JSON.stringify(name)).replace('BARE', name);
    return [
      { before: opened, schema: JSON.stringify(parameters), after, field: `tools[${i}].function.parameters` },
    ];
  });
  const most = typeof choice === 'object' ? 1 : Math.min(maxCalls, mostCalls);
  const values = quote === undefined ? form === 'elements' && ('elements' as const) : { mark: quote };
  return { kind: 'calls', calls, first, between, last, most, ...(values && { values }) };
}

/**
 * An answer of any text, whose calls keep to the parameters of those tools that are `strict`; undefined where none is, or where calls
 * stand in the text without a mark.
 */
export function strictCallsFormat(wishes: ToolWishes, family: ToolFamily): AnswerFormat | undefined {
  const { open, isBare } = family;
  if (isBare || !wishes.tools.some(({ isStrict }) => isStrict)) return undefined;
  const tools = wishes.tools.map((tool) =>
    tool.isStrict ? tool : { ...tool, parameters: { type: 'object' } },
  );
  const calls = callsFormat({ ...wishes, tools }, family);
  const afterMark = (text: string) => text.slice(open.length);
  // A list has one mark before all of its calls, the others have one before each.
  const behind = calls.first.startsWith(open)
    ? { ...calls, first: afterMark(calls.first) }
    : {
        ...calls,
        most: 1,
        calls: calls.calls.map((call) => ({ ...call, before: afterMark(call.before) })),
      };
  return { kind: 'text-with-calls', mark: open, calls: behind };
}
