/**
 * What reading a document would cost, before it is read. Fires `accept` and `cancel`; for one that is too long or takes long
 * `shorten` with a number of tokens, and `limit` with a memory limit with which it fits; `encoding` with another one to read it in.
 */
import { LitElement, css, html, type PropertyValues } from 'lit';
import type { DocumentCost } from '../../src/index';
import { encodings } from '../import/encodings';
import { formatBytes, formatCount, formatDuration, plainSentence } from '../format';
import type { Offer, Remedy } from '../offers';
import { controls } from '../shared-styles';

/** A reading that takes longer than this need not be waited for. */
const patienceMs = 60_000;

/** The fewest tokens of a first part that are worth offering. */
const leastPartTokens = 256;

/** Characters of the text that are shown before it is read. */
const previewChars = 600;

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

      ul {
        margin: 0;
        padding-inline-start: 1.2rem;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }

      .look {
        max-height: 9rem;
        padding: 0.6rem 0.8rem;
        border-radius: var(--radius);
        background: var(--sunken);
        color: var(--ink-soft);
        font-family: var(--serif);
        font-size: 0.9rem;
        white-space: pre-wrap;
        overflow: auto;
        overflow-wrap: anywhere;
      }

      select {
        max-width: 100%;
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
    offer: { attribute: false },
    gpuBytes: { attribute: false },
    isReady: { attribute: false },
    isBusy: { attribute: false },
    isSlow: { attribute: false },
  };
  /** Its cost is undefined while it is estimated. */
  declare offer: Offer;
  /** The memory limit in force, in bytes. */
  declare gpuBytes: number;
  /** Whether a model is there. */
  declare isReady: boolean;
  /** Whether another document is being read. */
  declare isBusy: boolean;
  /** Whether there is no GPU. */
  declare isSlow: boolean;
  #counted: { readonly text: string; readonly bytes: number } | undefined;

  constructor() {
    super();
    this.gpuBytes = 0;
    this.isReady = false;
    this.isBusy = false;
    this.isSlow = false;
  }

  protected override render() {
    const { title, text, notes, cost, remedy } = this.offer;
    const waiting = this.isReady ? 'Working out what reading it takes…' : 'Waiting for the model…';
    return html`<section aria-labelledby="heading">
      <h2 id="heading" tabindex="-1">${title}</h2>
      <div aria-live="polite">
        ${cost ? this.#renderCost(cost, text) : html`<p class="soft">${waiting}</p>`}
      </div>
      <div class="look" role="region" aria-label="How it begins" tabindex="0">${beginningOf(text)}</div>
      ${this.#renderEncoding()}
      ${
        notes.length === 0
          ? null
          : html`<ul>
              ${notes.map((note) => html`<li>${note}</li>`)}
            </ul>`
      }
      ${
        cost && !cost.fits
          ? html`<p class="advice" role="alert">
              ${remedy ? this.#describe(remedy) : plainSentence(cost.advice ?? '')}
            </p>`
          : html`<p class="soft">
              It is read once and kept in this browser: questions on another day need no second reading.
            </p>`
      }
      ${cost?.fits && cost.expectedMs > patienceMs ? this.#renderPatience() : null}
      ${this.isBusy ? html`<p class="soft">Another document is being read; this one can follow.</p>` : null}
      <div class="row">
        ${cost && !cost.fits && remedy ? this.#renderRemedy(remedy) : this.#renderAccept(cost)}
        ${cost?.fits && cost.expectedMs > patienceMs ? this.#renderFirstPart(cost) : null}
        <button @click=${() => this.dispatchEvent(new Event('cancel'))}>Not this one</button>
      </div>
    </section>`;
  }

  /** Only what was read from bytes can be read from them in another way. */
  #renderEncoding() {
    const { encoding, source } = this.offer;
    if (encoding === undefined || source === undefined) return null;
    const names = (encodings as readonly string[]).includes(encoding) ? encodings : [encoding, ...encodings];
    return html`<p class="row">
      <label for="encoding">Letters read as</label>
      <select id="encoding" @change=${this.#onEncoding}>
        ${names.map((name) => html`<option value=${name} ?selected=${name === encoding}>${name}</option>`)}
      </select>
    </p>`;
  }

  #onEncoding = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    this.dispatchEvent(new CustomEvent<string>('encoding', { detail: value }));
  };

  #renderAccept(cost: DocumentCost | undefined) {
    return html`<button
      class="primary"
      ?disabled=${!cost?.fits || this.isBusy}
      @click=${() => this.dispatchEvent(new Event('accept'))}
    >
      Read it
    </button>`;
  }

  #renderPatience() {
    return html`<p class="soft">
      ${this.isSlow ? 'There is no GPU for this page, so the processor reads, slowly. ' : null}Questions can
      be asked as soon as the first part is read, while the rest is.
    </p>`;
  }

  /** Work grows faster than the length: a part of a tenth takes less than a tenth of the time. */
  #renderFirstPart({ numTokens, expectedMs }: DocumentCost) {
    const mostTokens = Math.floor((numTokens * patienceMs) / expectedMs);
    if (mostTokens < leastPartTokens) return null;
    return html`<button @click=${() => this.#shorten(mostTokens)}>Only a first part</button>`;
  }

  #shorten(mostTokens: number): void {
    this.dispatchEvent(new CustomEvent<number>('shorten', { detail: mostTokens }));
  }

  #describe({ mostTokens, gpuBytes }: Remedy): string {
    const most = formatCount(mostTokens, 'token');
    if (gpuBytes === undefined)
      return `It is too long for this model, which reads ${most} of a document at most.`;
    const now = formatBytes(this.gpuBytes);
    return `It is too long for the memory limit: with ${now} the model reads ${most}. With ${formatBytes(gpuBytes)} it fits.`;
  }

  #renderRemedy({ mostTokens, gpuBytes }: Remedy) {
    const limit =
      gpuBytes === undefined
        ? null
        : html`<button
            class="primary"
            @click=${() => this.dispatchEvent(new CustomEvent<number>('limit', { detail: gpuBytes }))}
          >
            Use ${formatBytes(gpuBytes)} of the GPU
          </button>`;
    return html`${limit}
      <button class=${limit ? '' : 'primary'} @click=${() => this.#shorten(mostTokens)}>
        Take the first part
      </button>`;
  }

  /** Counted once: it takes a copy of the whole text. */
  #bytesOf(text: string): number {
    if (this.#counted?.text !== text) this.#counted = { text, bytes: new Blob([text]).size };
    return this.#counted.bytes;
  }

  #renderCost(cost: DocumentCost, text: string) {
    const rows = [
      ['Length', `${formatCount(cost.numTokens, 'token')}, ${formatBytes(this.#bytesOf(text))} of text`],
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

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('offer') && changed.get('offer')?.id !== this.offer.id) {
      this.renderRoot.querySelector('h2')!.focus();
    }
  }
}

/** The first lines of a text. */
function beginningOf(text: string): string {
  if (text.length <= previewChars) return text;
  return `${text.slice(0, previewChars).replace(/\s+\S*$/, '')} …`;
}

customElements.define('longpage-document-offer', DocumentOffer);
