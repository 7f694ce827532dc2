/** The documents of this device. Fires `add`, and `open` with a document's id (empty for a chat without one). */
import { LitElement, css, html, nothing } from 'lit';
import type { ShelvedDocument } from '../document-shelf';
import { icons } from '../icons';
import { controls } from '../shared-styles';

/** See the file's header. */
export class LibraryPanel extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 0.75rem;
        min-height: 0;
      }

      .add {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 0.4rem;
      }

      nav {
        flex: 1;
        min-height: 0;
        overflow-y: auto;
        /* Room for focus rings inside the scrolling box. */
        margin: 0 -0.25rem;
        padding: 0.25rem;
      }

      h2 {
        margin: 0.25rem 0.6rem 0.5rem;
        color: var(--ink-soft);
        font-size: 0.8rem;
        font-weight: 600;
        letter-spacing: 0.02em;
      }

      ul {
        display: flex;
        flex-direction: column;
        gap: 0.15rem;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li button {
        display: block;
        width: 100%;
        padding: 0.45rem 0.6rem;
        border-color: transparent;
        border-radius: 0.5rem;
        background: transparent;
        text-align: start;
        overflow-wrap: anywhere;
      }

      li button[aria-current] {
        background: var(--accent-soft);
      }

      .title {
        display: block;
        line-height: 1.3;
      }

      .meta {
        display: block;
        color: var(--ink-soft);
        font-size: 0.8rem;
      }

      .none {
        padding: 0.25rem 0.6rem;
      }
    `,
  ];

  static override properties = { documents: { attribute: false }, openId: { attribute: false } };
  declare documents: readonly ShelvedDocument[];
  /** The open document; empty for a chat without one, undefined for none of both. */
  declare openId: string | undefined;

  constructor() {
    super();
    this.documents = [];
    this.openId = undefined;
  }

  protected override render() {
    return html`
      <button class="primary add" @click=${() => this.dispatchEvent(new Event('add'))}>
        ${icons.add} Add a document
      </button>
      <nav aria-labelledby="heading">
        <h2 id="heading">On this device</h2>
        <ul>
          ${this.documents.map((document) => this.#renderDocument(document))}
          <li>
            <button aria-current=${this.openId === '' ? 'page' : nothing} @click=${() => this.#open('')}>
              <span class="title">Chat without a document</span>
            </button>
          </li>
        </ul>
      </nav>
    `;
  }

  #renderDocument({ id, title, numCharacters }: ShelvedDocument) {
    return html`<li>
      <button aria-current=${id === this.openId ? 'page' : nothing} @click=${() => this.#open(id)}>
        <span class="title">${title}</span>
        <span class="meta">${numCharacters.toLocaleString('en')} characters</span>
      </button>
    </li>`;
  }

  #open(id: string): void {
    this.dispatchEvent(new CustomEvent<string>('open', { detail: id }));
  }
}

customElements.define('longpage-library-panel', LibraryPanel);
