/** What reading a document would cost, before it is read. Fires `accept` and `cancel`. */
import { LitElement, css, html } from 'lit';
import type { DocumentCost } from '../../src/index';
import { formatBytes, formatCount, formatDuration, withReadableSizes } from '../format';
import { controls } from '../shared-styles';

/** See the file's header. */
export class DocumentOffer extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        width: 100%;
        max-width: 34rem;
        margin: auto;
        padding: 2rem 1.25rem;
      }

      section {
        display: flex;
        flex-direction: column;
        gap: 1rem;
        padding: 1.5rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }

      h2 {
        font-family: var(--serif);
        font-size: 1.5rem;
        font-weight: 500;
        line-height: 1.25;
        overflow-wrap: anywhere;
      }

      h2:focus {
        outline: none;
      }

      dl {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 0.35rem 1.25rem;
        margin: 0;
        font-variant-numeric: tabular-nums;
      }

      dt {
        color: var(--ink-soft);
      }

      dd {
        margin: 0;
      }

      .advice {
        padding: 0.75rem 1rem;
        border: 1px solid var(--danger);
        border-radius: var(--radius);
        background: var(--danger-soft);
      }
    `,
  ];

  static override properties = {
    heading: {},
    cost: { attribute: false },
    isReady: { attribute: false },
    isBusy: { attribute: false },
  };
  declare heading: string;
  /** Undefined while it is estimated. */
  declare cost: DocumentCost | undefined;
  /** Whether a model is there. */
  declare isReady: boolean;
  /** Whether another document is being read. */
  declare isBusy: boolean;

  constructor() {
    super();
    this.heading = '';
    this.cost = undefined;
    this.isReady = false;
    this.isBusy = false;
  }

  protected override render() {
    const { cost } = this;
    const waiting = this.isReady ? 'Working out what reading it takes…' : 'Waiting for the model…';
    return html`<section aria-labelledby="heading">
      <h2 id="heading" tabindex="-1">${this.heading}</h2>
      <div aria-live="polite">${cost ? this.#renderCost(cost) : html`<p class="soft">${waiting}</p>`}</div>
      ${
        cost && !cost.fits
          ? html`<p class="advice" role="alert">It does not fit. ${withReadableSizes(cost.advice ?? '')}</p>`
          : html`<p class="soft">
              It is read once and kept in this browser: questions on another day need no second reading.
            </p>`
      }
      ${this.isBusy ? html`<p class="soft">Another document is being read; this one can follow.</p>` : null}
      <div class="row">
        <button
          class="primary"
          ?disabled=${!cost?.fits || this.isBusy}
          @click=${() => this.dispatchEvent(new Event('accept'))}
        >
          Read it
        </button>
        <button @click=${() => this.dispatchEvent(new Event('cancel'))}>Not this one</button>
      </div>
    </section>`;
  }

  #renderCost(cost: DocumentCost) {
    const rows = [
      ['Length', formatCount(cost.numTokens, 'token')],
      ['Time to read', `about ${formatDuration(cost.expectedMs)}`],
      ['On the GPU', formatBytes(cost.gpuBytes)],
      ['In memory', formatBytes(cost.hostBytes)],
      ['On the disk', formatBytes(cost.diskBytes)],
    ];
    return html`<dl>
      ${rows.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>`;
  }

  protected override firstUpdated(): void {
    this.renderRoot.querySelector('h2')!.focus();
  }
}

customElements.define('longpage-document-offer', DocumentOffer);
