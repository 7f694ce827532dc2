/** A summary of the open document that the model wrote, or the offer to have one written. Fires `write` and `stop`. */
import { LitElement, css, html } from 'lit';
import type { Overview } from '../overview';
import type { Writing } from '../overview-controller';
import { controls, statusBox } from '../shared-styles';

/** See the file's header. */
export class DocumentOverview extends LitElement {
  static override styles = [
    controls,
    statusBox,
    css`
      :host {
        display: block;
      }

      section {
        display: flex;
        flex-direction: column;
        gap: 0.25rem;
      }

      .summary {
        overflow-wrap: anywhere;
        text-wrap: pretty;
      }
    `,
  ];

  static override properties = {
    overview: { attribute: false },
    writing: { attribute: false },
    canWrite: { attribute: false },
    isSlow: { attribute: false },
  };
  /** What is written; undefined for nothing. */
  declare overview: Overview | undefined;
  /** While it is written. */
  declare writing: Writing | undefined;
  /** Whether the model could write it now. */
  declare canWrite: boolean;
  /** Whether there is no GPU. */
  declare isSlow: boolean;

  constructor() {
    super();
    this.overview = undefined;
    this.writing = undefined;
    this.canWrite = false;
    this.isSlow = false;
  }

  protected override render() {
    const { overview, writing, canWrite } = this;
    if (writing) return this.#renderWriting(writing);
    if (overview) return renderOverview(overview);
    return canWrite ? this.#renderOffer() : null;
  }

  #renderOffer() {
    return html`<div class="box">
      <p class="soft">
        The model can write a short summary and three questions to begin with.
        ${this.isSlow ? 'Without a GPU this takes a minute or more.' : ''}
      </p>
      <button @click=${() => this.dispatchEvent(new Event('write'))}>Write them</button>
    </div>`;
  }

  #renderWriting({ summary, hasSummary }: Writing) {
    return html`<section aria-label="Summary">
      <p class="summary">${summary}</p>
      <div class="row">
        <p class="soft" role="status">
          ${hasSummary ? 'The model writes questions…' : 'The model writes a summary…'}
        </p>
        <button class="quiet" @click=${() => this.dispatchEvent(new Event('stop'))}>Stop writing</button>
      </div>
    </section>`;
  }
}

function renderOverview({ summary, questions, modelName }: Overview) {
  const what = questions.length === 0 ? 'Written' : 'This summary and the questions below were written';
  return html`<section aria-label="Summary">
    <p class="summary">${summary === '' ? 'The model found nothing to say about this document.' : summary}</p>
    <p class="soft">${what} by the model, ${modelName}. It can be wrong.</p>
  </section>`;
}

customElements.define('longpage-document-overview', DocumentOverview);
