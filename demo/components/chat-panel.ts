/**
 * The conversations on a document: which one, its turns, and where the next question is typed. Fires `question`, `stop`, `begin`,
 * `select` with a conversation's id, `remove`, and what the log fires.
 */
import { LitElement, css, html } from 'lit';
import { newConversationTitle, titleOf, type Conversation } from '../conversation';
import { icons } from '../icons';
import { controls } from '../shared-styles';
import type { ChatInput } from './chat-input';
import './chat-input';
import './chat-log';

/** See the file's header. */
export class ChatPanel extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 0.75rem;
        min-height: 0;
        padding: 0.75rem 1rem;
      }

      .bar {
        display: flex;
        gap: 0.25rem;
        align-items: center;
      }

      .bar select {
        flex: 1;
        min-width: 0;
        padding: 0.35rem 0.6rem;
        border-color: var(--line);
        border-radius: 0.5rem;
        font-size: 0.9rem;
        text-overflow: ellipsis;
      }

      longpage-chat-log,
      .empty {
        flex: 1;
        min-height: 8rem;
        overflow-y: auto;
        /* Room for focus rings inside the scrolling box. */
        margin: 0 -0.375rem;
        padding: 0.375rem;
      }

      .empty {
        display: flex;
        flex-direction: column;
        gap: 0.75rem;
        justify-content: flex-end;
      }

      .empty p {
        color: var(--ink-soft);
        text-wrap: pretty;
      }

      ul {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: 0.4rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li button {
        min-height: 2.25rem;
        padding: 0.3rem 0.8rem;
        border-color: var(--line);
        font-size: 0.9rem;
        text-align: start;
      }
    `,
  ];

  static override properties = {
    conversations: { attribute: false },
    current: { attribute: false },
    text: { attribute: false },
    answeringId: { attribute: false },
    whyNotReady: { attribute: false },
    intro: {},
    suggestions: { attribute: false },
  };
  declare conversations: readonly Conversation[];
  declare current: Conversation;
  /** The document's text; undefined while it is not there. */
  declare text: string | undefined;
  declare answeringId: string | undefined;
  /** What is missing before a question can be asked; undefined for nothing. */
  declare whyNotReady: string | undefined;
  /** What stands where a conversation has not begun. */
  declare intro: string;
  /** Questions to begin with. */
  declare suggestions: readonly string[];

  constructor() {
    super();
    this.conversations = [];
    this.text = undefined;
    this.answeringId = undefined;
    this.whyNotReady = undefined;
    this.intro = '';
    this.suggestions = [];
  }

  /** Puts the cursor where a question is typed. */
  override focus(): void {
    this.renderRoot.querySelector<ChatInput>('longpage-chat-input')?.focus();
  }

  protected override render() {
    const isAnswering = this.answeringId !== undefined;
    const hasTurns = this.current.turns.length > 0;
    return html`
      <div class="bar" ?hidden=${this.conversations.length === 0}>
        <label class="visually-hidden" for="conversation">Conversation</label>
        <select id="conversation" @change=${this.#onSelect}>
          ${hasTurns ? null : html`<option value=${this.current.id} selected>${newConversationTitle}</option>`}
          ${this.conversations.map(
            (conversation) =>
              html`<option value=${conversation.id} ?selected=${conversation.id === this.current.id}>
                ${titleOf(conversation)}
              </option>`,
          )}
        </select>
        <button class="quiet" ?disabled=${!hasTurns} @click=${() => this.#fire('begin')}>
          ${icons.add} New
        </button>
        <button
          class="quiet"
          aria-label="Save this conversation as Markdown"
          title="Save this conversation as Markdown"
          ?disabled=${!hasTurns}
          @click=${() => this.#fire('save')}
        >
          ${icons.export}
        </button>
        <button
          class="quiet"
          aria-label="Delete this conversation"
          title="Delete this conversation"
          ?disabled=${!hasTurns}
          @click=${() => this.#dialog.showModal()}
        >
          ${icons.remove}
        </button>
      </div>
      ${hasTurns ? this.#renderLog() : this.#renderEmpty()}
      <slot></slot>
      <longpage-chat-input
        .whyNotReady=${this.whyNotReady}
        .isAnswering=${isAnswering}
        @question=${(event: CustomEvent<string>) => this.#fire('question', event.detail)}
        @stop=${() => this.#fire('stop')}
      ></longpage-chat-input>
      <dialog aria-labelledby="removing">
        <p id="removing">Delete this conversation, “${titleOf(this.current)}”?</p>
        <div class="row">
          <button class="danger" @click=${this.#onRemove}>Delete it</button>
          <button @click=${() => this.#dialog.close()}>Keep it</button>
        </div>
      </dialog>
    `;
  }

  #renderLog() {
    return html`<longpage-chat-log
      tabindex="0"
      .conversation=${this.current}
      .text=${this.text}
      .answeringId=${this.answeringId}
      .canAsk=${this.#isReady && this.answeringId === undefined}
      @edit=${this.#passOn}
      @again=${this.#passOn}
      @choose=${this.#passOn}
      @show=${this.#passOn}
    ></longpage-chat-log>`;
  }

  #renderEmpty() {
    return html`<div class="empty">
      <p>${this.intro}</p>
      <slot name="overview"></slot>
      <ul aria-label="Questions to begin with" ?hidden=${this.suggestions.length === 0}>
        ${this.suggestions.map(
          (question) =>
            html`<li>
              <button ?disabled=${!this.#isReady} @click=${() => this.#fire('question', question)}>
                ${question}
              </button>
            </li>`,
        )}
      </ul>
    </div>`;
  }

  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  #onRemove = (): void => {
    this.#dialog.close();
    this.#fire('remove');
  };

  get #isReady(): boolean {
    return this.whyNotReady === undefined;
  }

  #onSelect = (event: Event): void => this.#fire('select', (event.target as HTMLSelectElement).value);

  #passOn = (event: Event): void => this.#fire(event.type, (event as CustomEvent<unknown>).detail);

  #fire(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

customElements.define('longpage-chat-panel', ChatPanel);
