/** An error as a sentence with next steps. Fires `retry`, `pick`, `limit` with another memory limit, and `dismiss`. */
import { LitElement, css, html } from 'lit';
import type { DocumentInfo } from '../../src/index';
import { describeError } from '../error-text';
import { formatBytes } from '../format';
import { otherLimit } from '../settings';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ErrorPanel extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      section {
        padding: 1rem 1.25rem;
        border: 1px solid var(--danger);
        border-radius: var(--radius);
        background: var(--danger-soft);
      }

      h2 {
        margin: 0;
        color: var(--danger);
        font-size: 1.1rem;
      }

      p {
        margin: 0.25rem 0 0;
        overflow-wrap: anywhere;
      }

      ul {
        margin: 0.5rem 0 0.75rem;
        padding-left: 1.25rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  static override properties = {
    error: { attribute: false },
    documents: { attribute: false },
    isFatal: { attribute: false },
    gpuBytes: { attribute: false },
  };
  declare error: unknown;
  /** The documents that the error can be about. */
  declare documents: readonly DocumentInfo[];
  /** Whether nothing goes on before the model is loaded again; what is not can be dismissed. */
  declare isFatal: boolean;
  /** The memory limit that is in force, in bytes. */
  declare gpuBytes: number;

  constructor() {
    super();
    this.documents = [];
    this.isFatal = false;
    this.gpuBytes = 0;
  }

  protected override render() {
    const {
      title,
      detail,
      steps,
      canRetry,
      canPick,
      otherLimit: kind,
    } = describeError(this.error, this.documents);
    const limit = kind && otherLimit(this.gpuBytes, kind);
    return html`
      <section role="alert">
        <h2>${title}</h2>
        ${detail ? html`<p>${detail}</p>` : null}
        <ul>
          ${steps.map((step) => html`<li>${step}</li>`)}
        </ul>
        <div class="row">
          ${this.isFatal && canRetry ? this.#button('retry', 'Try again') : null}
          ${
            limit === undefined
              ? null
              : html`<button
                  @click=${() => this.dispatchEvent(new CustomEvent<number>('limit', { detail: limit }))}
                >
                  Use ${formatBytes(limit)} of the GPU
                </button>`
          }
          ${this.isFatal && canPick ? this.#button('pick', 'Pick another model') : null}
          ${this.isFatal ? null : this.#button('dismiss', 'Dismiss')}
        </div>
      </section>
    `;
  }

  #button(event: string, label: string) {
    return html`<button @click=${() => this.dispatchEvent(new Event(event))}>${label}</button>`;
  }
}

customElements.define('longpage-error-panel', ErrorPanel);
