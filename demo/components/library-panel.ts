/**
 * The documents of this device, those that may be read, and the room they take. Fires `add`, `open` with a document's id (empty
 * for a chat without one), `offer` with the id of one that may be read, `beside` with the id of one that is to be asked together with
 * the open one or no longer, `import` with a file, and `keep`.
 */
import { LitElement, css, html, nothing } from 'lit';
import type { DocumentInfo, StorageQuota } from '../../src/index';
import { formatBytes, formatCount } from '../format';
import { icons } from '../icons';
import type { Offer } from '../offers';
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
        margin: 0 -0.375rem;
        padding: 0.375rem;
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

      .item {
        display: flex;
        align-items: center;
      }

      .item label {
        /* As large as a finger. */
        display: flex;
        align-items: center;
        justify-content: center;
        flex: none;
        width: 2.5rem;
        min-height: 2.5rem;
      }

      li button {
        display: block;
        flex: 1;
        min-width: 0;
        width: 100%;
        padding: 0.45rem 0.6rem;
        border-color: transparent;
        border-radius: 0.5rem;
        background: transparent;
        text-align: start;
        overflow-wrap: anywhere;
      }

      /* Under the pointer too, where it is right after a click. */
      li button[aria-current]:enabled {
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

      .store {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.1rem 0.5rem;
        padding-top: 0.5rem;
        border-top: 1px solid var(--line);
      }

      .store p {
        /* As far in as the text of the buttons, borders included. */
        padding-inline: calc(0.55rem + 1px);
      }

      .hint {
        margin: 0 0.6rem 0.5rem;
        font-size: 0.8rem;
      }

      .none {
        padding: 0.25rem 0.6rem;
      }
    `,
  ];

  static override properties = {
    documents: { attribute: false },
    offers: { attribute: false },
    openId: { attribute: false },
    readingId: { attribute: false },
    quota: { attribute: false },
    isReady: { attribute: false },
    isRefused: { attribute: false },
    besideIds: { attribute: false },
    canChoose: { attribute: false },
  };
  declare documents: readonly DocumentInfo[];
  /** Documents that have come in and are not read. */
  declare offers: readonly Offer[];
  /** The document that is being read. */
  declare readingId: string | undefined;
  declare quota: StorageQuota | undefined;
  /** Whether a model is there, and the library with it. */
  declare isReady: boolean;
  /** Whether the browser has refused to keep it all. */
  declare isRefused: boolean;
  /** The open document or offer; empty for a chat without one, undefined for none of both. */
  declare openId: string | undefined;
  /** Documents that are asked together with the open one. */
  declare besideIds: readonly string[];
  /** Whether a document is open that others can be asked together with. */
  declare canChoose: boolean;

  constructor() {
    super();
    this.documents = [];
    this.offers = [];
    this.openId = undefined;
    this.readingId = undefined;
    this.quota = undefined;
    this.isReady = false;
    this.isRefused = false;
    this.besideIds = [];
    this.canChoose = false;
  }

  protected override render() {
    return html`
      <button class="primary add" @click=${() => this.dispatchEvent(new Event('add'))}>
        ${icons.add} Add a document
      </button>
      <nav aria-labelledby="heading">
        <h2 id="heading">On this device</h2>
        ${
          this.canChoose && this.documents.some(({ id }) => id !== this.openId)
            ? html`<p class="soft hint">Tick others to ask them together with the open one.</p>`
            : null
        }
        <ul>
          ${this.documents.map((document) => this.#renderDocument(document))}
          ${this.offers.map(({ id, title }) => this.#renderItem(id, title, 'not read yet', 'offer'))}
          <li>
            <button
              aria-current=${this.openId === '' ? 'page' : nothing}
              @click=${() => this.#fire('open', '')}
            >
              <span class="title">Chat without a document</span>
            </button>
          </li>
        </ul>
        ${
          this.isReady || this.documents.length > 0
            ? null
            : html`<p class="soft none">Your documents show once the model is loaded.</p>`
        }
      </nav>
      <section class="store" aria-label="Storage">
        <button class="quiet" ?disabled=${!this.isReady} @click=${this.#pick}>${icons.import} Import</button>
        <input
          type="file"
          hidden
          accept=".longpage"
          aria-label="Exported document"
          @change=${this.#onPicked}
        />
        ${this.#renderQuota()}
      </section>
    `;
  }

  #renderDocument({ id, title, ...rest }: DocumentInfo) {
    return this.#renderItem(id, title, id === this.readingId ? 'being read…' : describe(rest), 'open');
  }

  #renderItem(id: string, title: string, meta: string, event: 'open' | 'offer') {
    return html`<li class="item">
      <button aria-current=${id === this.openId ? 'page' : nothing} @click=${() => this.#fire(event, id)}>
        <span class="title">${title}</span>
        <span class="meta">${meta}</span>
      </button>
      ${event === 'open' && this.canChoose && id !== this.openId ? this.#renderChoice(id, title) : null}
    </li>`;
  }

  #renderChoice(id: string, title: string) {
    return html`<label title="Ask it together with the open document">
      <input
        type="checkbox"
        aria-label="Ask “${title}” too"
        .checked=${this.besideIds.includes(id)}
        @change=${() => this.#fire('beside', id)}
      />
    </label>`;
  }

  #renderQuota() {
    const { quota } = this;
    if (!quota || quota.quotaBytes === 0) return null;
    const used = `${formatBytes(quota.usedBytes)} of ${formatBytes(quota.quotaBytes)} used`;
    if (quota.isPersisted) return html`<p class="soft">${used}, kept until you delete it</p>`;
    return html`<p class="soft">${used}</p>
      <button class="quiet" @click=${() => this.dispatchEvent(new Event('keep'))}>Keep it for good</button>
      ${
        this.isRefused
          ? html`<p class="soft" role="status">
              The browser did not promise that. It may once the page is bookmarked or installed.
            </p>`
          : null
      }`;
  }

  #pick = (): void => this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();

  #onPicked = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.dispatchEvent(new CustomEvent<File>('import', { detail: file }));
    input.value = '';
  };

  #fire(event: string, id: string): void {
    this.dispatchEvent(new CustomEvent<string>(event, { detail: id }));
  }
}

function describe({ state, numTokens, numReadTokens }: Omit<DocumentInfo, 'id' | 'title'>): string {
  const length = formatCount(numTokens, 'token');
  if (state === 'damaged') return `${length} · damaged`;
  if (state === 'foreign') return `${length} · read by another model`;
  return state === 'complete' ? length : `${numReadTokens.toLocaleString('en')} of ${length} read`;
}

customElements.define('longpage-library-panel', LibraryPanel);
