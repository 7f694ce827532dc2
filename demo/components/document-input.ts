/** A text that the model should read before it answers. Fires `document-changed` with it. */
import { LitElement, css, html } from 'lit';
import { controls } from '../shared-styles';

/** See the file's header. */
export class DocumentInput extends LitElement {
  static override styles = [
    controls,
    css`
      details {
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--sunken);
      }

      summary {
        padding: 0.5rem 0.8rem;
        border-radius: var(--radius);
        color: var(--ink-soft);
        font-size: 0.9rem;
        cursor: pointer;
      }

      div {
        padding: 0 0.5rem 0.5rem;
      }

      textarea {
        display: block;
        height: min(14rem, 30vh);
        resize: vertical;
      }
    `,
  ];

  static override properties = { length: { state: true } };
  declare length: number;

  constructor() {
    super();
    this.length = 0;
  }

  protected override render() {
    const size = this.length > 0 ? `${this.length.toLocaleString('en')} characters` : 'none';
    return html`
      <details>
        <summary>Text to read: ${size}</summary>
        <div>
          <label class="visually-hidden" for="text">Text to read before answering</label>
          <textarea
            id="text"
            placeholder="Paste a text here, then ask about it."
            @input=${this.#onInput}
          ></textarea>
        </div>
      </details>
    `;
  }

  #onInput = (event: Event): void => {
    const { value } = event.target as HTMLTextAreaElement;
    this.length = value.length;
    this.dispatchEvent(new CustomEvent<string>('document-changed', { detail: value.trim() }));
  };
}

customElements.define('longpage-document-input', DocumentInput);
