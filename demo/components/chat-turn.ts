/**
 * One question or answer with what can be done about it. Fires `edit` with a new question, `again`, `choose` with another branch,
 * and `show` with a passage.
 */
import { LitElement, html } from 'lit';
import type { DocumentPart, Turn } from '../conversation';
import { formatCount, formatDuration, formatRate } from '../format';
import { icons } from '../icons';
import { controls } from '../shared-styles';
import { chatTurnStyles } from './chat-turn-styles';
import type { Passage } from './answer-sources';
import './answer-sources';
import './markdown-view';

const endings: Readonly<Record<NonNullable<Turn['ending']>, string>> = {
  stopped: 'Stopped.',
  length: 'The answer reached its longest length.',
  failed: 'The answer broke off.',
  left: 'The page was closed during this answer.',
};

function describePart({ numReadTokens, numTokens }: DocumentPart): string {
  return `From the first ${numReadTokens.toLocaleString('en')} of ${formatCount(numTokens, 'token')}: more was not read yet.`;
}

/** How long stands what became of copying. */
const copiedMs = 2000;

/** See the file's header. */
export class ChatTurn extends LitElement {
  static override styles = [controls, chatTurnStyles];

  static override properties = {
    turn: { attribute: false },
    text: { attribute: false },
    documentId: { attribute: false },
    branches: { attribute: false },
    isGrowing: { attribute: false },
    canAsk: { attribute: false },
    isEditing: { state: true },
    copied: { state: true },
  };
  declare turn: Turn;
  /** The document's text; undefined while it is not there. */
  declare text: string | undefined;
  /** That document; empty for none. */
  declare documentId: string;
  /** The turns at the same place, this one included. */
  declare branches: readonly Turn[];
  /** Whether it is the answer that is being written. */
  declare isGrowing: boolean;
  /** Whether something else can be asked now. */
  declare canAsk: boolean;
  declare isEditing: boolean;
  /** What became of copying; empty before. */
  declare copied: string;

  constructor() {
    super();
    this.text = undefined;
    this.documentId = '';
    this.branches = [];
    this.isGrowing = false;
    this.canAsk = false;
    this.isEditing = false;
    this.copied = '';
  }

  protected override render() {
    if (this.turn.role === 'assistant') return this.#renderAnswer();
    return this.isEditing ? this.#renderEditor() : this.#renderQuestion();
  }

  #renderQuestion() {
    return html`
      <div class="user">
        <span class="visually-hidden">You: </span><span class="content">${this.turn.content}</span>
      </div>
      <div class="actions question">
        ${this.#renderBranches('question')}
        <button
          class="quiet"
          aria-label="Edit the question"
          title="Edit"
          ?disabled=${!this.canAsk}
          @click=${this.#beginEdit}
        >
          ${icons.edit}
        </button>
      </div>
    `;
  }

  #renderEditor() {
    return html`<form @submit=${this.#onEdited}>
      <label class="visually-hidden" for="edited">Your question, edited</label>
      <textarea id="edited" rows="1" .value=${this.turn.content} @keydown=${this.#onEditKey}></textarea>
      <div class="row">
        <button type="button" @click=${this.#endEdit}>Cancel</button>
        <button type="submit" class="primary">Ask this instead</button>
      </div>
    </form>`;
  }

  #renderAnswer() {
    const { content, thoughts, ending, part } = this.turn;
    const isWaiting = this.isGrowing && content === '';
    return html`
      ${
        thoughts
          ? html`<details class="soft">
              <summary>${isWaiting ? 'Thinking…' : 'Thoughts'}</summary>
              <div class="content thoughts">${thoughts}</div>
            </details>`
          : null
      }
      <div class="answer">
        <span class="visually-hidden">Answer: </span>${
          isWaiting
            ? html`<span class="waiting">${thoughts ? '' : 'Reading…'}</span>`
            : html`<longpage-markdown
                class=${this.isGrowing ? 'content cursor' : 'content'}
                .text=${content}
              ></longpage-markdown>`
        }
        ${ending ? html`<p class="note">${endings[ending]}</p>` : null} ${this.#renderSources()}
        ${part ? html`<p class="note">${describePart(part)}</p>` : null}
      </div>
      ${this.isGrowing ? null : this.#renderAnswerActions()}
    `;
  }

  #renderSources() {
    const { sources = [], isGuess = false } = this.turn;
    if (this.text === undefined || sources.length === 0) return null;
    return html`<longpage-answer-sources
      .sources=${sources}
      .text=${this.text}
      .isGuess=${isGuess}
      .documentId=${this.documentId}
      @show=${(event: CustomEvent<Passage>) =>
        this.dispatchEvent(new CustomEvent<Passage>('show', { detail: event.detail }))}
    ></longpage-answer-sources>`;
  }

  #renderAnswerActions() {
    return html`<div class="actions answer">
      <button class="quiet" aria-label=${this.copied || 'Copy the answer'} title="Copy" @click=${this.#copy}>
        ${icons.copy}${this.copied ? html`<span>${this.copied}</span>` : null}
      </button>
      <button
        class="quiet"
        aria-label="Answer again"
        title="Answer again"
        ?disabled=${!this.canAsk}
        @click=${() => this.dispatchEvent(new Event('again'))}
      >
        ${icons.again}
      </button>
      ${this.#renderBranches('answer')}
      <span class="soft figures">${this.#figures()}</span>
    </div>`;
  }

  #renderBranches(what: string) {
    const { branches } = this;
    if (branches.length < 2) return null;
    const index = branches.findIndex(({ id }) => id === this.turn.id);
    const step = (by: number, label: string, icon: unknown) =>
      html`<button
        class="quiet"
        aria-label="${label} ${what}"
        ?disabled=${!this.canAsk || !branches[index + by]}
        @click=${() => this.dispatchEvent(new CustomEvent<Turn>('choose', { detail: branches[index + by]! }))}
      >
        ${icon}
      </button>`;
    return html`<span class="branches soft" role="group" aria-label="Branches"
      >${step(-1, 'Previous', icons.previous)}${index + 1}/${branches.length}${step(1, 'Next', icons.next)}</span
    >`;
  }

  /** How fast the answer was. */
  #figures(): string {
    const { firstTokenMs, tokensPerSecond, isExact } = this.turn;
    const parts = [];
    if (isExact) parts.push('exact');
    if (firstTokenMs !== undefined) parts.push(`first word after ${formatDuration(firstTokenMs)}`);
    if (tokensPerSecond !== undefined) parts.push(formatRate(tokensPerSecond));
    return parts.join(' · ');
  }

  #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.turn.content);
      this.copied = 'Copied';
    } catch {
      // The browser asks, and a person may refuse.
      this.copied = 'The browser did not allow it';
    }
    setTimeout(() => (this.copied = ''), copiedMs);
  };

  #beginEdit = async (): Promise<void> => {
    this.isEditing = true;
    await this.updateComplete;
    this.renderRoot.querySelector('textarea')!.focus();
  };

  #endEdit = async (): Promise<void> => {
    this.isEditing = false;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLButtonElement>('.actions button:last-child')?.focus();
  };

  #onEditKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') void this.#endEdit();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.renderRoot.querySelector('form')!.requestSubmit();
  };

  #onEdited = (event: SubmitEvent): void => {
    event.preventDefault();
    const text = this.renderRoot.querySelector('textarea')!.value.trim();
    this.isEditing = false;
    if (text) this.dispatchEvent(new CustomEvent<string>('edit', { detail: text }));
  };
}

customElements.define('longpage-chat-turn', ChatTurn);
