/** One model: what it needs, how much of it is here, and what can be done. Fires `use`, `download`, `stop` and `delete`. */
import { LitElement, css, html } from 'lit';
import { formatBytes, formatCount } from '../format';
import type { CatalogEntry } from '../models/catalog';
import { controls } from '../shared-styles';

/** See the file's header. */
export class ModelCard extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      section {
        display: flex;
        flex-direction: column;
        gap: 0.5rem;
        height: 100%;
        padding: 1rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }

      section.current {
        border-color: var(--accent);
      }

      h2 {
        font-size: 1rem;
        overflow-wrap: anywhere;
      }

      p {
        font-size: 0.9rem;
      }

      .about {
        flex: 1;
        color: var(--ink-soft);
      }

      .needs {
        font-variant-numeric: tabular-nums;
      }

      p[role='alert'] {
        color: var(--danger);
        overflow-wrap: anywhere;
      }
    `,
  ];

  static override properties = {
    entry: { attribute: false },
    isCurrent: { attribute: false },
    problem: {},
    isDeleting: { state: true },
  };
  declare entry: CatalogEntry;
  /** Whether it is the model that the page uses now. */
  declare isCurrent: boolean;
  /** What went wrong with it last, as a sentence; empty for nothing. */
  declare problem: string;
  /** Whether the person is asked if it is to go. */
  declare isDeleting: boolean;

  constructor() {
    super();
    this.isCurrent = false;
    this.problem = '';
    this.isDeleting = false;
  }

  protected override render() {
    const { name, description, availability, loadedBytes, downloadBytes } = this.entry;
    const isRunning = availability === 'downloading' || availability === 'waiting';
    return html`<section aria-labelledby="name" class=${this.isCurrent ? 'current' : ''}>
      <h2 id="name">${name}</h2>
      <p class="about">${description}</p>
      <p class="needs" id="state">${this.#describe()}</p>
      ${
        isRunning
          ? html`<progress aria-labelledby="state" max=${downloadBytes} .value=${loadedBytes}></progress>`
          : null
      }
      ${this.problem ? html`<p role="alert">${this.problem}</p>` : null}
      <div class="row">${this.isDeleting ? this.#renderQuestion() : this.#renderActions()}</div>
    </section>`;
  }

  #describe(): string {
    const { availability, downloadBytes, loadedBytes, gpuBytes, contextTokens, reference } = this.entry;
    const amount = `${formatBytes(loadedBytes)} of ${formatBytes(downloadBytes)}`;
    const context = contextTokens === undefined ? '' : `, for ${formatCount(contextTokens, 'token')}`;
    const onGpu = `${formatBytes(gpuBytes)} on the GPU${context}`;
    switch (availability) {
      case 'downloading':
        return `Downloading: ${amount}`;
      case 'waiting':
        return 'Another tab is downloading it; this one waits.';
      case 'partial':
        return `${amount} downloaded · ${onGpu}`;
      case 'absent':
        return `${formatBytes(downloadBytes)} to download · ${onGpu}`;
      case 'here':
        return `${reference === undefined ? 'Comes with the page' : 'On this device'}, ${formatBytes(downloadBytes)} · ${onGpu}`;
    }
  }

  /** One button for all that comes next, so that the focus stays on it. */
  #renderActions() {
    const { name, availability, loadedBytes, reference } = this.entry;
    const isHere = availability === 'here';
    const isRunning = availability === 'downloading' || availability === 'waiting';
    const [label, event] = isHere
      ? [this.isCurrent ? 'In use' : 'Use', 'use']
      : isRunning
        ? ['Stop', 'stop']
        : [availability === 'partial' ? 'Resume' : 'Download', 'download'];
    const canDelete = reference !== undefined && !isRunning && !this.isCurrent && (isHere || loadedBytes > 0);
    const which = html`<span class="visually-hidden">${` ${name}`}</span>`;
    return html`<button
        class=${isHere ? 'primary' : ''}
        ?disabled=${isHere && this.isCurrent}
        @click=${() => this.#fire(event)}
      >
        ${label}${which}
      </button>
      ${
        canDelete ? html`<button class="quiet" @click=${() => this.#ask(true)}>Delete${which}</button>` : null
      }`;
  }

  #renderQuestion() {
    return html`<p id="question">Delete ${formatBytes(this.entry.loadedBytes)} from this device?</p>
      <button class="danger" @click=${this.#onDelete}>Delete it</button>
      <button @click=${() => this.#ask(false)}>Keep it</button>`;
  }

  #onDelete = async (): Promise<void> => {
    this.#fire('delete');
    await this.#ask(false);
  };

  async #ask(isDeleting: boolean): Promise<void> {
    this.isDeleting = isDeleting;
    await this.updateComplete;
    this.renderRoot
      .querySelector<HTMLElement>(isDeleting ? '.row button:last-of-type' : '.row button')
      ?.focus();
  }

  #fire(event: string): void {
    this.dispatchEvent(new Event(event));
  }
}

customElements.define('longpage-model-card', ModelCard);
