/**
 * What chats need beyond text: tools and their calls in a request, calls and thoughts in an answer. Fetched when a request or the
 * model's template asks for it.
 */
import type { GenerationEvent } from '../../loop/generation-event';
import type { ChatMessage } from '../../tokenizer/chat-message';
import { EngineError } from '../../util/errors';
import type { AddedToDelta, AnswerEvent } from '../answer-event';
import type { RequestReader } from '../request-reader';
import type { AnswerFormat } from '../../grammar/answer-format';
import { CallReader } from './call-reader';
import { familyOf, marksOf, wantsArgumentsAsText, type ToolFamily } from './families';
import { callsFormat, readFormat, strictCallsFormat } from './read-format';
import {
  parsedArguments,
  readHistoryCalls,
  readToolWishes,
  templateTool,
  typeOfParameter,
  type HistoryCall,
  type ToolWishes,
} from './read-tools';
import { ThoughtReader } from './thoughts';

/** Reads one request, and the answer to it. */
export class ToolUse {
  readonly #template: string;
  readonly #family: ToolFamily | undefined;
  /** Names of the tools that calls of the history are of, by the calls' ids. */
  readonly #names = new Map<string, string>();
  /** Whether the answer keeps to a format, in which no thoughts have a place. */
  #isHeld = false;
  #wishes: ToolWishes = { tools: [], choice: 'auto', maxCalls: Infinity };

  constructor(template: string) {
    this.#template = template;
    this.#family = familyOf(template);
  }

  /** Special tokens of an answer that are not to be left out of its text. */
  get marks(): string[] {
    return marksOf(this.#family);
  }

  /**
   * Takes what the request says of tools and of the answer's format: what the chat template is to be told of, and what the answer
   * must be.
   * @throws TypeError, RangeError, EngineError `unsupported` naming the field
   */
  readRequest(reader: RequestReader): { tools?: object[]; format?: AnswerFormat } {
    this.#wishes = readToolWishes(reader);
    const { tools, choice } = this.#wishes;
    const format = readFormat(reader);
    this.#isHeld = format !== undefined;
    if (tools.length === 0 || choice === 'none') return format ? { format } : {};
    if (!this.#family) throw noTools('tools');
    const told = { tools: tools.map(templateTool) };
    if (choice === 'auto' && !format) {
      const strict = strictCallsFormat(this.#wishes, this.#family);
      return { ...told, ...(strict && { format: strict }) };
    }
    const calls = callsFormat(this.#wishes, this.#family);
    this.#isHeld = true;
    // Who leaves the choice to the model gets a call, or an answer of the format.
    return { ...told, format: choice === 'auto' ? { kind: 'any', of: [calls, format!] } : calls };
  }

  /**
   * Takes the fields of a message that are about tools and thoughts.
   * @throws TypeError, EngineError `unsupported` naming the field
   */
  readMessage(reader: RequestReader, role: string | undefined, path: string): Partial<ChatMessage> {
    if (role === 'tool') return this.#readResult(reader, path);
    if (role !== 'assistant') return {};
    const calls = readHistoryCalls(reader, path);
    if (calls && !this.#family) throw noTools(`${path}.tool_calls`);
    for (const { id, name } of calls ?? []) if (id !== undefined) this.#names.set(id, name);
    const thoughts = reader.string('reasoning_content');
    return {
      ...(calls && { tool_calls: calls.map((call) => this.#templateCall(call)) }),
      ...(thoughts !== undefined &&
        this.#template.includes('reasoning_content') && { reasoning_content: thoughts }),
    };
  }

  /** The content of an assistant's message, with the calls in it where the template does not write them. */
  contentWithCalls(content: string, { tool_calls: calls }: Partial<ChatMessage>): string {
    if (!calls || this.#template.includes('tool_calls')) return content;
    const { open, close, argumentsKey = 'arguments' } = this.#family!;
    const texts = calls.map(({ function: { name, arguments: given } }) => {
      return `${open}\n${JSON.stringify({ name, [argumentsKey]: given })}\n${close}`;
    });
    return [content, ...texts].filter((text) => text !== '').join('\n');
  }

  /** The answer's events, with thoughts and calls told apart from its text. @throws what `events` throws */
  async *read(events: AsyncIterable<GenerationEvent>): AsyncGenerator<AnswerEvent, void> {
    const { tools, choice, maxCalls } = this.#wishes;
    const family = tools.length > 0 && choice !== 'none' ? this.#family : undefined;
    const calls =
      family && new CallReader(family, (tool, name) => typeOfParameter(tools, tool, name), maxCalls);
    let thoughts = new ThoughtReader('');
    let reasoning = '';
    const split = (
      { reasoning: thought, content }: { reasoning: string; content: string },
      isEnd: boolean,
    ) => {
      const piece = calls?.push(content) ?? { content, calls: [] };
      const last = isEnd ? calls?.end() : undefined;
      const deltas = [...piece.calls, ...(last?.calls ?? [])];
      reasoning += thought;
      const added: AddedToDelta = {
        ...(thought !== '' && { reasoning_content: thought }),
        ...(deltas.length > 0 && { tool_calls: deltas }),
      };
      return { text: piece.content + (last?.content ?? ''), ...(Object.keys(added).length > 0 && { added }) };
    };
    for await (const event of events) {
      if (event.kind === 'start') {
        thoughts = new ThoughtReader(this.#isHeld ? '' : (event.promptEnd ?? ''));
        yield event;
      } else if (event.kind === 'delta') {
        yield { ...event, ...split(thoughts.push(event.text, event.tokenIds.length), false) };
      } else {
        const rest = split(thoughts.end(), true);
        if (rest.text !== '' || rest.added) yield { kind: 'delta', tokenIds: [], ...rest };
        const made = calls?.calls ?? [];
        const isCalling = made.length > 0 && event.finishReason === 'stop';
        const added = {
          ...(reasoning !== '' && { reasoning_content: reasoning }),
          ...(made.length > 0 && { tool_calls: made }),
        };
        yield {
          ...event,
          ...(isCalling && { finishReason: 'tool_calls' as const }),
          ...(Object.keys(added).length > 0 && { added }),
          ...(thoughts.numTokens > 0 && { numReasoningTokens: thoughts.numTokens }),
        };
      }
    }
  }

  #readResult(reader: RequestReader, path: string): Partial<ChatMessage> {
    if (!this.#family) throw noTools(`${path}.role`);
    const id = reader.string('tool_call_id');
    const name = reader.string('name') ?? (id === undefined ? undefined : this.#names.get(id));
    return {
      role: 'tool',
      ...(id !== undefined && { tool_call_id: id }),
      ...(name !== undefined && { name }),
    };
  }

  #templateCall({ id, name, arguments: text }: HistoryCall) {
    const given = wantsArgumentsAsText(this.#template) ? text : parsedArguments(text);
    const type = 'function' as const;
    return { ...(id !== undefined && { id }), type, function: { name, arguments: given } };
  }
}

function noTools(field: string): EngineError {
  const reason = "this model's chat template knows no tools, or none whose calls could be told from text";
  return new EngineError('unsupported', `"${field}" is not supported: ${reason}.`, { field });
}
