/**
 * Chooses a model: from the short list and what is on this device, by its name on the hub, from a folder, or by its address. Fires
 * `model-chosen`, and `download`, `stop`, `delete` with an entry, `find` with a name.
 */
import { LitElement, css, html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { describeError } from '../error-text';
import { choiceOfFiles, type ModelChoice } from '../models';
import type { CatalogEntry } from '../models/catalog';
import { controls } from '../shared-styles';
import './model-card';

/** See the file's header. */
export class ModelPicker extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 1rem;
      }

      .cards,
      .others {
        display: grid;
        gap: 1rem;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 16rem), 1fr));
      }

      .others > * {
        display: flex;
        flex-direction: column;
        align-items: flex-start;
        gap: 0.5rem;
      }

      h2 {
        font-size: 1rem;
      }

      .others p {
        color: var(--ink-soft);
        font-size: 0.9rem;
      }

      .others p[role='alert'] {
        color: var(--danger);
        overflow-wrap: anywhere;
      }
    `,
  ];

  static override properties = {
    entries: { attribute: false },
    problems: { attribute: false },
    problem: { attribute: false },
    isSearching: { attribute: false },
    canStore: { attribute: false },
    currentId: { attribute: false },
    folderProblem: { state: true },
  };
  declare entries: readonly CatalogEntry[];
  /** What went wrong last with a model, by its id. */
  declare problems: ReadonlyMap<string, unknown>;
  /** What went wrong with the list, or in looking for a name. */
  declare problem: unknown;
  /** Whether a name is being looked for. */
  declare isSearching: boolean;
  /** Whether this browser can keep models. */
  declare canStore: boolean;
  /** The model that the page uses now. */
  declare currentId: string | undefined;
  declare folderProblem: string;

  constructor() {
    super();
    this.entries = [];
    this.problems = new Map();
    this.problem = undefined;
    this.isSearching = false;
    this.canStore = false;
    this.currentId = undefined;
    this.folderProblem = '';
  }

  protected override render() {
    const entries = this.entries.filter(({ reference }) => this.canStore || reference === undefined);
    return html`
      <div class="cards">
        ${repeat(
          entries,
          ({ id }) => id,
          (entry) => this.#renderEntry(entry),
        )}
      </div>
      ${
        this.canStore
          ? null
          : html`<p class="soft">
              This browser keeps no models for the page, so that none can be downloaded: open it over https,
              in a window that is not private.
            </p>`
      }
      <div class="others">
        ${this.canStore ? this.#renderSearch() : null}
        <section aria-labelledby="folder">
          <h2 id="folder">A model on this computer</h2>
          <p>
            A GGUF file, which may also be dropped on the page, or a folder in Hugging Face layout:
            config.json, tokenizer.json, model.safetensors. Nothing is uploaded.
          </p>
          ${this.folderProblem ? html`<p role="alert">${this.folderProblem}</p>` : null}
          <button @click=${() => this.#open('#gguf')}>Choose GGUF file…</button>
          <button @click=${() => this.#open('[webkitdirectory]')}>Choose folder…</button>
          <input
            id="gguf"
            type="file"
            hidden
            multiple
            accept=".gguf"
            aria-labelledby="folder"
            @change=${this.#onFolder}
          />
          <input
            type="file"
            hidden
            multiple
            webkitdirectory
            aria-labelledby="folder"
            @change=${this.#onFolder}
          />
        </section>
        <form aria-labelledby="address" @submit=${this.#onUrl}>
          <h2 id="address">A web address</h2>
          <p>
            Of a GGUF file or a folder in the same layout, on a site that lets this page read it. It is not
            kept.
          </p>
          <label class="visually-hidden" for="url">Address of the model folder</label>
          <input id="url" type="url" name="url" required placeholder="https://…" autocomplete="off" />
          <button type="submit">Load</button>
        </form>
      </div>
    `;
  }

  #renderEntry(entry: CatalogEntry) {
    const { id } = entry;
    const problem = this.problems.get(id);
    return html`<longpage-model-card
      .entry=${entry}
      .isCurrent=${id === this.currentId}
      .problem=${problem === undefined ? '' : describeError(problem).detail}
      @use=${() => this.#choose(entry.choice)}
      @download=${() => this.#fire('download', entry)}
      @stop=${() => this.#fire('stop', entry)}
      @delete=${() => this.#fire('delete', entry)}
    ></longpage-model-card>`;
  }

  #renderSearch() {
    return html`<form aria-labelledby="hub" @submit=${this.#onFind}>
      <h2 id="hub">Another model of the Hugging Face hub</h2>
      <p>
        By its name, as owner/name, owner/name@revision or, of GGUF files, owner/name:Q4_K_M. You see what it
        takes first.
      </p>
      <label class="visually-hidden" for="repository">Name of the repository</label>
      <input
        id="repository"
        type="text"
        required
        placeholder="owner/name"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
      />
      ${this.problem === undefined ? null : html`<p role="alert">${describeError(this.problem).detail}</p>`}
      <button type="submit" ?disabled=${this.isSearching}>
        ${this.isSearching ? 'Looking it up…' : 'Look it up'}
      </button>
    </form>`;
  }

  #onFind = (event: SubmitEvent): void => {
    event.preventDefault();
    this.#fire('find', this.renderRoot.querySelector<HTMLInputElement>('#repository')!.value);
  };

  #open(input: string): void {
    this.renderRoot.querySelector<HTMLInputElement>(`input${input}`)?.click();
  }

  #onFolder = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length === 0) return;
    const gguf = choiceOfFiles(files);
    if (gguf) {
      this.folderProblem = '';
      this.#choose(gguf);
      return;
    }
    const folder = files[0]!.webkitRelativePath.split('/')[0] || 'Chosen folder';
    const hasConfig = files.some(({ name }) => name === 'config.json');
    this.folderProblem = hasConfig ? '' : `“${folder}” is no model folder: it has no config.json.`;
    if (hasConfig) this.#choose({ name: folder, source: files });
  };

  #onUrl = (event: SubmitEvent): void => {
    event.preventDefault();
    const { value } = this.renderRoot.querySelector<HTMLInputElement>('#url')!;
    const url = new URL(value);
    const isFile = url.pathname.endsWith('.gguf');
    if (!isFile && !url.pathname.endsWith('/')) url.pathname += '/';
    this.#choose({ name: url.pathname.split('/').filter(Boolean).at(-1) ?? url.host, source: url.href });
  };

  #choose(choice: ModelChoice): void {
    this.#fire('model-chosen', choice);
  }

  #fire(event: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(event, { detail }));
  }
}

customElements.define('longpage-model-picker', ModelPicker);
