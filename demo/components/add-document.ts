/**
 * How a document comes in: dropped anywhere on the page, picked, pasted, or the sample. Fires `files` with picked files, `pasted` with a text,
 * `address` with a URL, `sample`, and `short-sample`.
 */
import { LitElement, css, html } from 'lit';
import { pickedTypes } from '../import/kinds';
import { controls } from '../shared-styles';

/** See the file's header. */
export class AddDocument extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
        max-width: 40rem;
        margin: auto;
        padding: 2rem 1.25rem;
      }

      .intro {
        margin-bottom: 1.75rem;
        text-align: center;
      }

      h2 {
        margin-bottom: 0.6rem;
        font-family: var(--serif);
        font-size: clamp(1.6rem, 4vw, 2.2rem);
        font-weight: 500;
        letter-spacing: -0.015em;
        line-height: 1.2;
        text-wrap: balance;
      }

      .intro p {
        color: var(--ink-soft);
        text-wrap: pretty;
      }

      .drop {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 0.75rem;
        padding: 2rem 1rem;
        border: 1.5px dashed var(--control-line);
        border-radius: var(--radius);
        background: var(--surface);
        text-align: center;
      }

      .row {
        justify-content: center;
      }

      details {
        margin-top: 0.75rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }

      summary {
        padding: 0.6rem 1rem;
        border-radius: var(--radius);
        cursor: pointer;
      }

      form {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: 0.5rem;
        padding: 0 0.75rem 0.75rem;
      }

      textarea {
        height: min(14rem, 30vh);
        resize: vertical;
      }

      .note {
        margin-top: 1.5rem;
        text-align: center;
        text-wrap: pretty;
      }
    `,
  ];

  static override properties = { hasScout: { attribute: false }, isSlow: { attribute: false } };
  /** Whether the model is Scout, which people should know a thing or two about. */
  declare hasScout: boolean;
  /** Whether there is no GPU. */
  declare isSlow: boolean;

  constructor() {
    super();
    this.hasScout = false;
    this.isSlow = false;
  }

  protected override render() {
    return html`
      <div class="intro">
        <h2>Ask a long document</h2>
        <p>A language model in this tab reads it, on your own device. No server, no upload, no account.</p>
      </div>
      <div class="drop">
        <p>
          Drop a book, a report or a paper here: PDF, EPUB, an office document, HTML, mail, CSV, Markdown or
          text
        </p>
        <div class="row">
          <button class="primary" @click=${this.#pick}>Choose a file…</button>
          ${
            this.isSlow
              ? html`<button @click=${() => this.dispatchEvent(new Event('short-sample'))}>
                  Try a short sample
                </button>`
              : null
          }
          <button @click=${() => this.dispatchEvent(new Event('sample'))}>Try the sample</button>
        </div>
        <input
          type="file"
          hidden
          multiple
          accept=${pickedTypes}
          aria-label="Document file"
          @change=${this.#onPicked}
        />
      </div>
      <details>
        <summary>Paste a text</summary>
        <form @submit=${this.#onPasted}>
          <label class="visually-hidden" for="text">Text to read</label>
          <textarea id="text" placeholder="Paste it here." required></textarea>
          <button type="submit">Add this text</button>
        </form>
      </details>
      <details>
        <summary>Open a web address</summary>
        <form @submit=${this.#onAddress}>
          <label class="soft" for="address">Of a document, on a site that lets this page read it</label>
          <input id="address" type="url" required placeholder="https://…" autocomplete="off" />
          <button type="submit">Open this address</button>
        </form>
      </details>
      ${
        this.isSlow
          ? html`<p class="note soft">
              There is no GPU for this page: the processor does the work, and takes minutes where a GPU takes
              seconds. If this device has one, turn graphics acceleration on in the browser’s settings. The
              short sample is read within a minute or so.
            </p>`
          : null
      }
      ${
        this.hasScout
          ? html`<p class="note soft">
              The model that comes with the page is Scout, a small reader: it looks things up in what it has
              read, and knows nothing of the world. For conversation, pick another under Models.
            </p>`
          : null
      }
    `;
  }

  #pick = (): void => this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();

  #onPicked = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    this.#send([...(input.files ?? [])]);
    input.value = '';
  };

  #onPasted = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = this.renderRoot.querySelector('textarea')!;
    const text = field.value.trim();
    if (text) this.dispatchEvent(new CustomEvent<string>('pasted', { detail: text }));
  };

  #onAddress = (event: SubmitEvent): void => {
    event.preventDefault();
    const { value } = this.renderRoot.querySelector<HTMLInputElement>('#address')!;
    this.dispatchEvent(new CustomEvent<string>('address', { detail: value }));
  };

  #send(files: readonly File[]): void {
    if (files.length > 0) this.dispatchEvent(new CustomEvent<readonly File[]>('files', { detail: files }));
  }
}

customElements.define('longpage-add-document', AddDocument);
