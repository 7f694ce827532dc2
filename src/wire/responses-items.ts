/** The items of an answer of OpenAI's Responses API, and the events by which each of them comes. */
import type { ChatCompletionTokenLogprob } from '../api/chat-completions';
import { newId } from '../api/response';
import type { ChatCompletionToolCallDelta } from '../api/tool-calls';

/** What an item, or the answer, is at. */
export type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed';

/** An event, before it has its number. */
export interface ItemEvent {
  readonly type: string;
  readonly fields: object;
}

/** An item that comes in pieces. */
interface Item {
  /** As the answer lists it. */
  whole(status: Status): object;
  /** As it is announced. */
  readonly empty: object;
  /** Events after the announcement, and before the item is done. */
  begin(outputIndex: number): ItemEvent[];
  end(outputIndex: number): ItemEvent[];
}

/** The message. */
class MessageItem implements Item {
  readonly #id = newId('msg_');
  #text = '';
  readonly #logprobs: ChatCompletionTokenLogprob[] = [];

  get empty(): object {
    return { ...this.whole('in_progress'), content: [] };
  }

  whole(status: Status) {
    return { id: this.#id, type: 'message', status, role: 'assistant', content: [this.#part] };
  }

  begin(outputIndex: number): ItemEvent[] {
    const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
    return [{ type: 'response.content_part.added', fields: { ...this.#place(outputIndex), part } }];
  }

  add(text: string, logprobs: readonly ChatCompletionTokenLogprob[], outputIndex: number): ItemEvent[] {
    this.#text += text;
    this.#logprobs.push(...logprobs);
    const fields = { ...this.#place(outputIndex), delta: text, logprobs };
    return [{ type: 'response.output_text.delta', fields }];
  }

  end(outputIndex: number): ItemEvent[] {
    const place = this.#place(outputIndex);
    const text = { ...place, text: this.#text, logprobs: this.#logprobs };
    return [
      { type: 'response.output_text.done', fields: text },
      { type: 'response.content_part.done', fields: { ...place, part: this.#part } },
    ];
  }

  get #part() {
    return { type: 'output_text', text: this.#text, annotations: [], logprobs: this.#logprobs };
  }

  #place(outputIndex: number): object {
    return { item_id: this.#id, output_index: outputIndex, content_index: 0 };
  }
}

/** What the model thought. */
class ReasoningItem implements Item {
  readonly #id = newId('rs_');
  #text = '';

  get empty(): object {
    return { id: this.#id, type: 'reasoning', summary: [] };
  }

  whole(): object {
    return { ...this.empty, content: [{ type: 'reasoning_text', text: this.#text }] };
  }

  begin(): ItemEvent[] {
    return [];
  }

  add(text: string, outputIndex: number): ItemEvent[] {
    this.#text += text;
    const fields = { item_id: this.#id, output_index: outputIndex, content_index: 0, delta: text };
    return [{ type: 'response.reasoning_text.delta', fields }];
  }

  end(outputIndex: number): ItemEvent[] {
    const fields = { item_id: this.#id, output_index: outputIndex, content_index: 0, text: this.#text };
    return [{ type: 'response.reasoning_text.done', fields }];
  }
}

/** A call of a tool. */
class CallItem implements Item {
  readonly #id = newId('fc_');
  #arguments = '';

  constructor(
    private readonly callId: string,
    private readonly name: string,
  ) {}

  get empty(): object {
    return { ...this.whole('in_progress'), arguments: '' };
  }

  whole(status: Status) {
    const { callId: call_id, name } = this;
    return { id: this.#id, type: 'function_call', status, call_id, name, arguments: this.#arguments };
  }

  begin(): ItemEvent[] {
    return [];
  }

  add(text: string, outputIndex: number): ItemEvent[] {
    this.#arguments += text;
    const fields = { item_id: this.#id, output_index: outputIndex, delta: text };
    return [{ type: 'response.function_call_arguments.delta', fields }];
  }

  end(outputIndex: number): ItemEvent[] {
    const { name } = this;
    const fields = { item_id: this.#id, output_index: outputIndex, name, arguments: this.#arguments };
    return [{ type: 'response.function_call_arguments.done', fields }];
  }
}

/** The items of one answer, in order; only the latest one is unfinished. */
export class OutputItems {
  readonly #items: Item[] = [];
  #isOpen = false;

  /** The items as the answer lists them. An answer that was cut was cut in its last item. */
  list(status: Status): object[] {
    return this.#items.map((item, i) => item.whole(i === this.#items.length - 1 ? status : 'completed'));
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** Adds to the message, which is begun where there is none. */
  addText(text: string, logprobs: readonly ChatCompletionTokenLogprob[]): ItemEvent[] {
    const { item, events } = this.#latest(MessageItem);
    return [...events, ...item.add(text, logprobs, this.#index)];
  }

  /** A message without anything. */
  addEmpty(): ItemEvent[] {
    return this.#latest(MessageItem).events;
  }

  /** Adds to the thoughts. */
  addThought(text: string): ItemEvent[] {
    const { item, events } = this.#latest(ReasoningItem);
    return [...events, ...item.add(text, this.#index)];
  }

  /** Begins a call, or goes on with the latest one. */
  addCall({ id, function: { name, arguments: text = '' } }: ChatCompletionToolCallDelta): ItemEvent[] {
    const events = id === undefined ? [] : this.#open(new CallItem(id, name!));
    const call = this.#items.at(-1);
    return call instanceof CallItem && text !== '' ? [...events, ...call.add(text, this.#index)] : events;
  }

  /** Ends the latest item. */
  close(status: Status): ItemEvent[] {
    const item = this.#items.at(-1);
    if (!item || !this.#isOpen) return [];
    this.#isOpen = false;
    const fields = { output_index: this.#index, item: item.whole(status) };
    return [...item.end(this.#index), { type: 'response.output_item.done', fields }];
  }

  get #index(): number {
    return this.#items.length - 1;
  }

  #latest<T extends Item>(kind: new () => T): { item: T; events: ItemEvent[] } {
    const latest = this.#items.at(-1);
    if (latest instanceof kind && this.#isOpen) return { item: latest, events: [] };
    const item = new kind();
    return { item, events: this.#open(item) };
  }

  #open(item: Item): ItemEvent[] {
    const closing = this.close('completed');
    this.#items.push(item);
    this.#isOpen = true;
    const fields = { output_index: this.#index, item: item.empty };
    return [...closing, { type: 'response.output_item.added', fields }, ...item.begin(this.#index)];
  }
}
