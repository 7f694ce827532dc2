/**
 * The turns of a conversation. Follows the end while it grows, unless the reader has scrolled up. Passes on what its turns fire:
 * `edit`, `again` and `choose`, with the turn, and `show` with a passage.
 */
import { LitElement, css, html, type PropertyValues } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { branchesAt, visibleTurns, type Conversation, type Turn } from '../conversation';
import { controls } from '../shared-styles';
import type { Passage } from './answer-sources';
import type { ChatTurn } from './chat-turn';
import './chat-turn';

/** What the person wants done about a turn. */
export interface TurnEventDetail {
  readonly turn: Turn;
  /** The new question, with `edit`. */
  readonly text?: string;
}

/** See the file's header. */
export class ChatLog extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      ol {
        display: flex;
        flex-direction: column;
        gap: 1rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        max-width: 100%;
      }
    `,
  ];

  static override properties = {
    conversation: { attribute: false },
    text: { attribute: false },
    answeringId: { attribute: false },
    canAsk: { attribute: false },
  };
  declare conversation: Conversation;
  /** The document's text; undefined while it is not there. */
  declare text: string | undefined;
  /** The answer that is growing. */
  declare answeringId: string | undefined;
  declare canAsk: boolean;
  #numTurns = 0;
  #isAtEnd = true;

  constructor() {
    super();
    this.text = undefined;
    this.answeringId = undefined;
    this.canAsk = false;
  }

  protected override render() {
    const turns = visibleTurns(this.conversation);
    return html`
      <ol aria-label="Conversation">
        ${repeat(
          turns,
          ({ id }) => id,
          (turn) => this.#renderTurn(turn),
        )}
      </ol>
      <div class="visually-hidden" role="status">${this.#announcement(turns)}</div>
    `;
  }

  /** A screen reader hears an answer when it is complete: a live region that grows by the token is noise. */
  #announcement(turns: readonly Turn[]): string {
    if (this.answeringId !== undefined) return 'Answering…';
    const last = turns.at(-1);
    return last?.role === 'assistant' ? last.content : '';
  }

  #renderTurn(turn: Turn) {
    const send = (name: string, text?: string) => {
      const detail: TurnEventDetail = { turn, ...(text !== undefined && { text }) };
      this.dispatchEvent(new CustomEvent(name, { detail }));
    };
    return html`<li class=${turn.role}>
      <longpage-chat-turn
        .turn=${turn}
        .text=${this.text}
        .documentId=${this.conversation.documentId}
        .branches=${branchesAt(this.conversation, turn)}
        .isGrowing=${turn.id === this.answeringId}
        .canAsk=${this.canAsk}
        @edit=${(event: CustomEvent<string>) => send('edit', event.detail)}
        @again=${() => send('again')}
        @choose=${(event: CustomEvent<Turn>) =>
          this.dispatchEvent(new CustomEvent('choose', { detail: { turn: event.detail } }))}
        @show=${(event: CustomEvent<Passage>) =>
          this.dispatchEvent(new CustomEvent<Passage>('show', { detail: event.detail }))}
      ></longpage-chat-turn>
    </li>`;
  }

  protected override willUpdate(): void {
    const { scrollHeight, clientHeight, scrollTop } = this;
    this.#isAtEnd = scrollHeight - clientHeight - scrollTop < 48;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('conversation')) return;
    const hasMore = this.conversation.turns.length > this.#numTurns;
    const isAnother = changed.get('conversation')?.id !== this.conversation.id;
    this.#numTurns = this.conversation.turns.length;
    if (this.#isAtEnd || hasMore || isAnother) void this.#scrollToEnd();
  }

  async #scrollToEnd(): Promise<void> {
    // The turns are components that render after this one.
    const turns = [...this.renderRoot.querySelectorAll<ChatTurn>('longpage-chat-turn')];
    await Promise.all(turns.map((turn) => turn.updateComplete));
    this.scrollTop = this.scrollHeight;
  }
}

customElements.define('longpage-chat-log', ChatLog);
