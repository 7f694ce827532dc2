/** Chooses a model: the one that ships with the page, a folder from disk, or a URL. Fires `model-chosen`. */
import { LitElement, css, html } from 'lit';
import { embeddedModel, type ModelChoice } from '../models';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ModelPicker extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: 1rem;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr));
      }

      section,
      form {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: 0.5rem;
        padding: 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }

      h2,
      p {
        margin: 0;
      }

      h2 {
        font-size: 1rem;
      }

      p {
        flex: 1;
        color: var(--ink-soft);
        font-size: 0.9rem;
      }

      p[role='alert'] {
        flex: none;
        color: var(--danger);
      }
    `,
  ];

  static override properties = { problem: { state: true } };
  declare problem: string;

  constructor() {
    super();
    this.problem = '';
  }

  protected override render() {
    return html`
      <section aria-labelledby="embedded">
        <h2 id="embedded">Scout</h2>
        <p>
          A small reader model that comes with this page: it looks things up in a text, but knows little
          itself.
        </p>
        <button class="primary" @click=${() => this.#choose(embeddedModel)}>Use Scout</button>
      </section>
      <section aria-labelledby="folder">
        <h2 id="folder">A folder on this computer</h2>
        <p>In Hugging Face layout: config.json, tokenizer.json, model.safetensors. Nothing is uploaded.</p>
        <button @click=${this.#openFolder}>Choose folder…</button>
        <input
          type="file"
          hidden
          multiple
          webkitdirectory
          aria-labelledby="folder"
          @change=${this.#onFolder}
        />
        ${this.problem ? html`<p role="alert">${this.problem}</p>` : null}
      </section>
      <form aria-labelledby="address" @submit=${this.#onUrl}>
        <h2 id="address">A web address</h2>
        <p>Of a folder in the same layout, on a site that lets this page read it.</p>
        <label class="visually-hidden" for="url">Address of the model folder</label>
        <input id="url" type="url" name="url" required placeholder="https://…" autocomplete="off" />
        <button type="submit">Load</button>
      </form>
    `;
  }

  #openFolder = (): void => this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();

  #onFolder = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length === 0) return;
    const folder = files[0]!.webkitRelativePath.split('/')[0] || 'Chosen folder';
    const hasConfig = files.some(({ name }) => name === 'config.json');
    this.problem = hasConfig ? '' : `“${folder}” is no model folder: it has no config.json.`;
    if (hasConfig) this.#choose({ name: folder, source: files });
  };

  #onUrl = (event: SubmitEvent): void => {
    event.preventDefault();
    const { value } = this.renderRoot.querySelector<HTMLInputElement>('#url')!;
    const url = new URL(value.endsWith('/') ? value : `${value}/`);
    this.#choose({ name: url.pathname.split('/').filter(Boolean).at(-1) ?? url.host, source: url.href });
  };

  #choose(choice: ModelChoice): void {
    this.dispatchEvent(new CustomEvent<ModelChoice>('model-chosen', { detail: choice }));
  }
}

customElements.define('longpage-model-picker', ModelPicker);
