/** The conversation. Follows the end while it grows, unless the reader has scrolled up. */
import { LitElement, css, html, type PropertyValues } from 'lit';
import type { Turn } from '../engine-controller';
import { controls } from '../shared-styles';

const endings: Readonly<Record<NonNullable<Turn['ending']>, string>> = {
  stopped: 'Stopped.',
  length: 'The answer reached its longest length.',
  failed: 'The answer broke off.',
};

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
        overflow-wrap: anywhere;
      }

      .user {
        align-self: flex-end;
        max-width: 85%;
        padding: 0.6rem 1rem;
        border-radius: var(--radius);
        background: var(--accent-soft);
      }

      .text {
        white-space: pre-wrap;
      }

      .note {
        margin: 0.25rem 0 0;
        color: var(--ink-soft);
        font-size: 0.875rem;
        font-style: italic;
      }

      .cursor::after {
        content: '';
        display: inline-block;
        width: 0.5em;
        height: 1em;
        vertical-align: text-bottom;
        background: var(--accent);
      }

      @media (prefers-reduced-motion: no-preference) {
        .cursor::after {
          animation: blink 1s steps(2, jump-none) infinite;
        }
      }

      @keyframes blink {
        to {
          opacity: 0;
        }
      }
    `,
  ];

  static override properties = { turns: { attribute: false }, isStreaming: { attribute: false } };
  declare turns: readonly Turn[];
  declare isStreaming: boolean;

  constructor() {
    super();
    this.turns = [];
    this.isStreaming = false;
  }

  protected override render() {
    // A screen reader hears an answer when it is complete: a live region that grows by the token is noise.
    const last = this.turns.at(-1);
    const announcement = this.isStreaming ? 'Answering…' : last?.role === 'assistant' ? last.content : '';
    return html`
      <ol aria-label="Conversation">
        ${this.turns.map((turn, index) => this.#renderTurn(turn, index === this.turns.length - 1))}
      </ol>
      <div class="visually-hidden" role="status">${announcement}</div>
    `;
  }

  #renderTurn({ role, content, ending }: Turn, isLast: boolean) {
    const isGrowing = isLast && this.isStreaming && role === 'assistant';
    return html`<li class=${role}>
      <span class="visually-hidden">${role === 'user' ? 'You: ' : 'Answer: '}</span
      ><span class=${isGrowing ? 'text cursor' : 'text'}>${content}</span>${
        ending ? html`<p class="note">${endings[ending]}</p>` : null
      }
    </li>`;
  }

  protected override willUpdate(): void {
    const { scrollHeight, clientHeight, scrollTop } = this;
    this.#isAtEnd = scrollHeight - clientHeight - scrollTop < 48;
  }

  protected override updated(changed: PropertyValues<this>): void {
    const hasNewQuestion = changed.has('turns') && (changed.get('turns')?.length ?? 0) < this.turns.length;
    if (this.#isAtEnd || hasNewQuestion) this.scrollTop = this.scrollHeight;
  }

  #isAtEnd = true;
}

customElements.define('longpage-chat-log', ChatLog);
