/** The page: a model, a conversation, and what they cost. Holds the controller; the components below it show its state. */
import { LitElement, css, html } from 'lit';
import './components/chat-input';
import type { ChatInput } from './components/chat-input';
import './components/chat-log';
import './components/document-input';
import './components/error-panel';
import './components/load-progress';
import { embeddedModel } from './components/model-picker';
import { EngineController, type ModelChoice } from './engine-controller';
import { formatBytes, formatRate } from './format';
import { controls } from './shared-styles';

/** See the file's header. */
export class App extends LitElement {
  static override styles = [
    controls,
    css`
      :host {
        box-sizing: border-box;
        display: flex;
        flex-direction: column;
        gap: 1rem;
        height: 100dvh;
        max-width: 50rem;
        margin: 0 auto;
        padding: 0 1rem 0.75rem;
      }

      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.25rem 0.5rem;
        padding: 0.75rem 0;
        border-bottom: 1px solid var(--line);
      }

      h1 {
        flex: 1;
        margin: 0;
        font-size: 1.25rem;
        letter-spacing: -0.01em;
      }

      main {
        display: flex;
        flex: 1;
        flex-direction: column;
        gap: 1rem;
        min-height: 0;
      }

      .scroll {
        display: flex;
        flex: 1;
        flex-direction: column;
        gap: 1rem;
        min-height: 0;
        overflow-y: auto;
      }

      longpage-chat-log {
        flex: 1;
        min-height: 12rem;
        overflow-y: auto;
        /* Room for focus rings inside the scrolling box. */
        padding: 0.25rem;
      }

      .welcome {
        margin: auto 0;
        text-align: center;
        color: var(--ink-soft);
      }

      .welcome h2 {
        margin: 0 0 0.5rem;
        color: var(--ink);
        font-size: 1.5rem;
      }

      .welcome p {
        max-width: 34rem;
        margin: 0 auto 0.5rem;
      }

      footer {
        min-height: 1.5em;
        color: var(--ink-soft);
        font-size: 0.875rem;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  static override properties = { isPicking: { state: true } };
  declare isPicking: boolean;
  readonly #engine = new EngineController(this);

  constructor() {
    super();
    this.isPicking = false;
    void this.#engine.load(embeddedModel);
  }

  protected override render() {
    const { phase, error } = this.#engine;
    const isPicking = this.isPicking || phase === 'empty';
    return html`
      <header>
        <h1>Longpage</h1>
        ${
          this.#engine.turns.length > 0
            ? html`<button ?disabled=${phase !== 'ready'} @click=${this.#onClear}>New chat</button>`
            : null
        }
        <button
          aria-expanded=${isPicking}
          aria-controls="picker"
          ?disabled=${phase === 'empty' || phase === 'answering'}
          @click=${() => (this.isPicking = !this.isPicking)}
        >
          Models
        </button>
      </header>
      <main>
        <div class="scroll">
          <div id="picker" ?hidden=${!isPicking}>
            <longpage-model-picker @model-chosen=${this.#onModel}></longpage-model-picker>
          </div>
          ${phase === 'loading' ? this.#renderProgress() : null}
          ${
            phase === 'failed'
              ? html`<longpage-error-panel
                  .error=${error}
                  @retry=${() => void this.#engine.retry()}
                ></longpage-error-panel>`
              : null
          }
          ${this.#engine.turns.length > 0 ? this.#renderLog() : this.#renderWelcome()}
        </div>
        <longpage-document-input
          @document-changed=${(event: CustomEvent<string>) => (this.#engine.documentText = event.detail)}
        ></longpage-document-input>
        <longpage-chat-input
          .isReady=${phase === 'ready'}
          .isAnswering=${phase === 'answering'}
          @question=${(event: CustomEvent<string>) => void this.#engine.ask(event.detail)}
          @stop=${() => this.#engine.stop()}
        ></longpage-chat-input>
      </main>
      ${this.#renderFooter()}
    `;
  }

  #renderProgress() {
    return html`<longpage-load-progress
      .name=${this.#engine.choice?.name ?? ''}
      .progress=${this.#engine.progress}
      @stop=${() => this.#engine.stop()}
    ></longpage-load-progress>`;
  }

  #renderLog() {
    return html`<longpage-chat-log
      tabindex="0"
      .turns=${this.#engine.turns}
      .isStreaming=${this.#engine.phase === 'answering'}
    ></longpage-chat-log>`;
  }

  #renderWelcome() {
    return html`<div class="welcome">
      <h2>A language model in this tab</h2>
      <p>It runs on your own GPU: no server, and nothing that you type leaves this page.</p>
      ${
        this.#engine.choice === embeddedModel
          ? html`<p>
              Scout is a small reader model: give it a text to read and ask about it, but do not expect it to
              know the world.
            </p>`
          : null
      }
    </div>`;
  }

  #renderFooter() {
    const { choice, stats, tokensPerSecond } = this.#engine;
    const speed = tokensPerSecond === undefined ? [] : [formatRate(tokensPerSecond)];
    const memory = stats ? [choice?.name, `${formatBytes(stats.memory.total)} on the GPU`] : [];
    return html`<footer>${[...memory, ...speed].join(' · ')}</footer>`;
  }

  #onModel = (event: CustomEvent<ModelChoice>): void => {
    this.isPicking = false;
    void this.#engine.load(event.detail);
    this.#focusInput();
  };

  #onClear = (): void => {
    this.#engine.clear();
    this.#focusInput();
  };

  #focusInput(): void {
    this.renderRoot.querySelector<ChatInput>('longpage-chat-input')?.focus();
  }
}

customElements.define('longpage-app', App);
