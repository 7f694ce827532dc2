/** The passages that an answer came from, as buttons. Fires `show` with a passage of the text, or of another document. */
import { LitElement, css, html } from 'lit';
import type { Source } from '../conversation';
import { excerpt, sentencesOf, type Span } from '../paragraphs';

/** A passage that is to be shown. */
export interface Passage extends Span {
  /** Where it is of another document than the open one. */
  readonly documentId?: string;
}
import { controls } from '../shared-styles';

/** See the file's header. */
export class AnswerSources extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        margin-top: 0.6rem;
      }

      p {
        color: var(--ink-soft);
        font-size: 0.875rem;
      }

      ol {
        display: flex;
        flex-direction: column;
        gap: 0.3rem;
        margin: 0.3rem 0 0;
        padding: 0;
        list-style: none;
      }

      button {
        display: flex;
        gap: 0.75rem;
        align-items: baseline;
        justify-content: space-between;
        width: 100%;
        min-height: 2rem;
        padding: 0.35rem 0.7rem;
        border-color: var(--line);
        border-inline-start: 3px solid var(--accent);
        font-family: var(--serif);
        font-size: 0.9rem;
        line-height: 1.4;
        text-align: start;
      }

      .place {
        color: var(--ink-soft);
        font-weight: 600;
      }

      .share {
        flex: none;
        color: var(--ink-soft);
        font-family: system-ui, sans-serif;
        font-size: 0.8125rem;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  static override properties = {
    sources: { attribute: false },
    text: { attribute: false },
    isGuess: { attribute: false },
    documentId: { attribute: false },
  };
  declare sources: readonly Source[];
  /** The document's text. */
  declare text: string;
  /** Whether nobody has measured which heads of the model retrieve. */
  declare isGuess: boolean;
  /** The open document. */
  declare documentId: string;

  constructor() {
    super();
    this.sources = [];
    this.text = '';
    this.isGuess = false;
    this.documentId = '';
  }

  protected override render() {
    return html`
      <p id="label">
        ${this.isGuess ? 'What it looked at most, by a guess at this model’s heads' : 'Where this came from'},
        by share of attention
      </p>
      <ol aria-labelledby="label">
        ${this.sources.map((source) => this.#renderSource(source))}
      </ol>
    `;
  }

  #renderSource(source: Source) {
    const { document, start, end } = source;
    const isOfOther = document !== undefined && document.id !== this.documentId;
    // Of another document only the passage is here.
    const span = isOfOther ? { start, end } : sentencesOf(this.text, source);
    const said = isOfOther
      ? excerpt(document.text, { start: 0, end: document.text.length })
      : excerpt(this.text, span);
    const place = [document?.title, source.location].filter(Boolean).join(' · ');
    const detail: Passage = { ...span, ...(isOfOther && { documentId: document.id }) };
    return html`<li>
      <button
        title=${isOfOther ? 'Open that document there' : 'Show it in the document'}
        @click=${() => this.dispatchEvent(new CustomEvent<Passage>('show', { detail }))}
      >
        <span>${place ? html`<span class="place">${place}</span> ` : null}${said}</span>
        <span class="share"
          >${Math.round(100 * source.mass)} %<span class="visually-hidden"> of its attention</span></span
        >
      </button>
    </li>`;
  }
}

customElements.define('longpage-answer-sources', AnswerSources);
