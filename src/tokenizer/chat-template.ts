/** Conversations to prompt text by the model's own template. Not the template language (jinja.ts), and no token ids. */
import { EngineError } from '../util/errors';
import type { ChatMessage } from './chat-message';
import { JinjaTemplate, TemplateRefusal } from './jinja';
import { asObject, asString } from '../util/json';
import { namedSpecialTokens } from './special-tokens';

/** What is to be rendered. */
export interface ChatInput {
  /** In order; system messages at the beginning are joined by a blank line, since most templates know only one. */
  messages: readonly ChatMessage[];
  /** Text of the document, which comes before everything that the caller wrote. */
  document?: string | undefined;
  /** Further names that the template sees, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The date for templates that state it (default: now). For a kept document it must be the one of its first reading, since such
   * a template may state it before the document.
   */
  now?: Date | undefined;
}

/** A prompt in two parts to be encoded one by one, so that all conversations on a document share the first one's tokens. */
interface RenderedChat {
  /** Everything up to the end of the document; '' without a document. */
  documentPrefix: string;
  /** Everything after it, the beginning of the answer's turn included. */
  rest: string;
}

/** Where a template lets the document stand before everything else. */
type DocumentPlace = 'system' | 'first-user';

/** The chat template of one model; a model without one can be loaded, but not chatted with. */
export class ChatTemplate {
  private readonly compiledSources = new Map<string, JinjaTemplate>();
  private place: DocumentPlace | undefined;

  private constructor(
    private readonly source: string | undefined,
    /** The template for conversations with tools, where it is another one. */
    private readonly sourceForTools: string | undefined,
    private readonly namedTokens: Readonly<Record<string, string>>,
  ) {}

  /**
   * @param chatTemplateJinja The text of chat_template.jinja, which goes before the one in tokenizer_config.json.
   * @param tokenizerConfigJson The parsed tokenizer_config.json, for `chat_template` (a string or a list of named ones, of
   * which `default` is taken, and `tool_use` for tools) and the special tokens.
   */
  static fromFiles(chatTemplateJinja: string | undefined, tokenizerConfigJson: unknown): ChatTemplate {
    const config = asObject(tokenizerConfigJson) ?? {};
    return new ChatTemplate(
      chatTemplateJinja ?? templateIn(config.chat_template),
      chatTemplateJinja === undefined ? namedTemplate(config.chat_template, 'tool_use') : undefined,
      namedSpecialTokens(config),
    );
  }

  /** Whether there is a template at all. */
  get isPresent(): boolean {
    return this.source !== undefined;
  }

  /** The text of the template, of the one for tools where that is another one. */
  get toolSource(): string | undefined {
    return this.sourceForTools ?? this.source;
  }

  /** Whether the template's source has this text. */
  mentions(text: string): boolean {
    return this.source?.includes(text) ?? false;
  }

  /**
   * Renders a conversation up to the point where the assistant is to speak.
   *
   * The document does not go through the template: a marker does, and the document takes its place, so that no template can trim
   * or change it. It stands at the beginning of the system message, or of the first user message (and the caller's
   * system text after it there) where the template has no system message at the beginning.
   * @throws EngineError `model-unsupported` when the model has no template, a broken one, or no place for a document.
   * @throws TypeError when the template refuses the messages, with the reason it gives.
   */
  render(input: ChatInput): RenderedChat {
    const messages = joinLeadingSystem(input.messages);
    const { now = new Date(), variables } = input;
    if (input.document === undefined)
      return { documentPrefix: '', rest: this.renderText(messages, now, variables) };
    const marker = unusedMarker(messages);
    const text = this.renderText(withDocument(messages, marker, this.documentPlace()), now, variables);
    const at = onlyIndexOf(text, marker);
    if (at === undefined) throw noPlaceForDocument();
    return {
      documentPrefix: text.slice(0, at) + input.document,
      rest: text.slice(at + marker.length),
    };
  }

  /**
   * What `render` gives as `documentPrefix` for every conversation on this document on this date, without a conversation: for
   * reading a document before anything is asked. (A template may write something about the caller's system text before the
   * document, as SmolLM3's does for `/no_think`; a conversation with such a text has a prefix of its own.)
   */
  documentPrefix(document: string, now?: Date): string {
    return this.render({ messages: [{ role: 'user', content: 'x' }], document, now }).documentPrefix;
  }

  private documentPlace(): DocumentPlace {
    this.place ??= (['system', 'first-user'] as const).find((place) => this.keepsDocumentFirst(place));
    if (!this.place) throw noPlaceForDocument();
    return this.place;
  }

  /** Tries a place with two turns of plain words: the document must appear once, before all of them. */
  private keepsDocumentFirst(place: DocumentPlace): boolean {
    const marker = unusedMarker([]);
    const turns: ChatMessage[] = [
      { role: 'user', content: 'first question' },
      { role: 'assistant', content: 'first answer' },
      { role: 'user', content: 'second question' },
    ];
    try {
      const text = this.renderText(withDocument(turns, marker, place), new Date(0));
      const at = onlyIndexOf(text, marker);
      return at !== undefined && turns.every((turn) => at < text.indexOf(turn.content));
    } catch (error) {
      // Only a refusal speaks about the place; a broken template is broken everywhere.
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  private renderText(
    messages: readonly ChatMessage[],
    now: Date,
    variables: Readonly<Record<string, unknown>> = {},
  ): string {
    const template = this.compiled(variables.tools ? this.toolSource : this.source);
    try {
      // Hugging Face passes None for tools and documents, and templates test for it.
      const values = {
        ...this.namedTokens,
        tools: null,
        documents: null,
        ...variables,
        messages,
        add_generation_prompt: true,
      };
      return template.render(values, now);
    } catch (cause) {
      if (cause instanceof TemplateRefusal) {
        throw new TypeError(`This model's chat template refuses these messages: ${cause.message}`, { cause });
      }
      throw brokenTemplate(cause);
    }
  }

  private compiled(source: string | undefined): JinjaTemplate {
    if (source === undefined) {
      throw new EngineError(
        'model-unsupported',
        'This model has no chat template, so it cannot chat; use engine.completions.create with plain text instead.',
      );
    }
    try {
      const template = this.compiledSources.get(source) ?? new JinjaTemplate(source);
      this.compiledSources.set(source, template);
      return template;
    } catch (cause) {
      throw brokenTemplate(cause);
    }
  }
}

function templateIn(value: unknown): string | undefined {
  if (!Array.isArray(value)) return asString(value);
  return (
    namedTemplate(value, 'default') ??
    (value.length === 1 ? asString(asObject(value[0])?.template) : undefined)
  );
}

function namedTemplate(value: unknown, name: string): string | undefined {
  if (!Array.isArray(value)) return undefined;
  return asString(value.map(asObject).find((entry) => entry?.name === name)?.template);
}

function joinLeadingSystem(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const numLeading = messages.findIndex((message) => message.role !== 'system');
  const leading = numLeading < 0 ? messages : messages.slice(0, numLeading);
  if (leading.length < 2) return messages;
  const content = leading.map((message) => message.content).join('\n\n');
  return [{ role: 'system', content }, ...messages.slice(leading.length)];
}

/** The messages with the document before everything else that the caller wrote. */
function withDocument(
  messages: readonly ChatMessage[],
  document: string,
  place: DocumentPlace,
): readonly ChatMessage[] {
  const systemText = messages[0]?.role === 'system' ? messages[0].content : '';
  const others = messages[0]?.role === 'system' ? messages.slice(1) : messages;
  if (place === 'system') return [{ role: 'system', content: joined(document, systemText) }, ...others];
  const firstUser = others.findIndex((message) => message.role === 'user');
  return others.map((message, i) =>
    i === firstUser ? { ...message, content: joined(document, systemText, message.content) } : message,
  );
}

/** Texts with a blank line between them, empty ones left out. */
function joined(...texts: string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

/** A plain-ASCII word that no message has. */
function unusedMarker(messages: readonly ChatMessage[]): string {
  for (let number = 0; ; number++) {
    const marker = `[[document-goes-here-${number}]]`;
    if (!messages.some((message) => message.content.includes(marker))) return marker;
  }
}

/** Where `part` is in `text`; undefined where it is not there, or more than once. */
function onlyIndexOf(text: string, part: string): number | undefined {
  const at = text.indexOf(part);
  return at < 0 || text.includes(part, at + 1) ? undefined : at;
}

function brokenTemplate(cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EngineError('model-unsupported', `This model's chat template cannot be used: ${reason}`, {
    cause,
  });
}

function noPlaceForDocument(): EngineError {
  return new EngineError(
    'model-unsupported',
    "This model's chat template has no place for a document before the conversation.",
  );
}
