/** The page: the library, the document that is open, the conversation on it, and what they cost. Holds the controllers. */
import { LitElement, html } from 'lit';
import { appStyles } from './app-styles';
import { ChatController } from './chat-controller';
import './components/add-document';
import type { TurnEventDetail } from './components/chat-log';
import './components/chat-panel';
import type { ChatPanel } from './components/chat-panel';
import './components/document-reader';
import './components/error-panel';
import './components/library-panel';
import './components/load-progress';
import './components/memory-panel';
import './components/model-picker';
import { ConversationStore } from './conversation-store';
import { DocumentShelf } from './document-shelf';
import { EngineController } from './engine-controller';
import { formatBytes, formatRate } from './format';
import { icons } from './icons';
import { importDocument, type ImportInput } from './import/import-document';
import { LibraryController } from './library-controller';
import { embeddedModel, type ModelChoice } from './models';
import type { Span } from './paragraphs';
import { readSample, readSampleQuestions, sampleId } from './sample';
import { gpuByteChoices, type Settings } from './settings';
import { controls } from './shared-styles';

/** What a narrow page shows. */
type View = 'document' | 'chat';

/** See the file's header. */
export class App extends LitElement {
  static override styles = [controls, appStyles];

  static override properties = {
    isPicking: { state: true },
    hasMemory: { state: true },
    isChatting: { state: true },
    view: { state: true },
    marked: { state: true },
    suggestions: { state: true },
  };
  declare isPicking: boolean;
  /** Whether the memory panel is open. */
  declare hasMemory: boolean;
  /** Whether the chat without a document is open. */
  declare isChatting: boolean;
  declare view: View;
  declare marked: Span | undefined;
  declare suggestions: readonly string[];
  readonly #shelf = new DocumentShelf();
  readonly #store = new ConversationStore();
  readonly #engine = new EngineController(this, this.#shelf);
  readonly #library = new LibraryController(this, this.#shelf, this.#store);
  readonly #chat = new ChatController(this, this.#engine, this.#store);

  constructor() {
    super();
    this.isPicking = false;
    this.hasMemory = false;
    this.isChatting = false;
    this.view = 'document';
    this.marked = undefined;
    this.suggestions = [];
    void this.#engine.load(embeddedModel);
  }

  protected override render() {
    const hasChat = this.#library.open !== undefined || this.isChatting;
    const isPicking = this.isPicking || this.#engine.phase === 'empty';
    return html`
      <header>
        <button class="quiet menu" popovertarget="library" aria-label="Library">${icons.menu}</button>
        <h1>Longpage</h1>
        <button
          class="quiet"
          aria-expanded=${isPicking}
          aria-controls="picker"
          ?disabled=${this.#engine.phase === 'empty'}
          @click=${() => (this.isPicking = !this.isPicking)}
        >
          Models ${isPicking ? icons.up : icons.down}
        </button>
      </header>
      <div id="picker" ?hidden=${!isPicking}>
        <longpage-model-picker @model-chosen=${this.#onModel}></longpage-model-picker>
      </div>
      ${this.#renderEngineState()}
      <div class="panes" data-view=${this.isChatting ? 'chat' : this.view}>
        ${this.#renderLibrary()} ${this.#library.open ? this.#renderTabs() : null}
        <main class=${hasChat && !this.isChatting ? 'both' : ''}>
          ${this.isChatting ? null : this.#renderDocument()} ${hasChat ? this.#renderChat() : null}
        </main>
      </div>
      ${this.#renderFooter()}
    `;
  }

  #renderEngineState() {
    const { phase, error, choice, progress } = this.#engine;
    if (phase === 'loading') {
      return html`<longpage-load-progress
        role="region"
        aria-label="Loading the model"
        .name=${choice?.name ?? ''}
        .progress=${progress}
        @stop=${() => this.#engine.stopLoading()}
      ></longpage-load-progress>`;
    }
    if (phase !== 'failed') return null;
    return html`<longpage-error-panel
      class="banner"
      .error=${error}
      .isFatal=${true}
      @retry=${() => void this.#engine.reload()}
      @shrink=${this.#onShrink}
    ></longpage-error-panel>`;
  }

  #renderLibrary() {
    return html`<longpage-library-panel
      id="library"
      popover
      .documents=${this.#library.documents}
      .openId=${this.isChatting ? '' : this.#library.open?.id}
      @add=${() => this.#show(undefined)}
      @open=${(event: CustomEvent<string>) => this.#show(event.detail)}
    ></longpage-library-panel>`;
  }

  #renderTabs() {
    const tab = (view: View, label: string) =>
      html`<button aria-pressed=${this.view === view} @click=${() => (this.view = view)}>${label}</button>`;
    return html`<nav class="tabs" aria-label="Show">
      ${tab('document', 'Document')}${tab('chat', 'Chat')}
    </nav>`;
  }

  #renderDocument() {
    const { open, openEntry, problem } = this.#library;
    const trouble =
      problem === undefined
        ? null
        : html`<longpage-error-panel
            .error=${problem}
            @dismiss=${() => this.#library.report(undefined)}
          ></longpage-error-panel>`;
    if (!open) {
      return html`<div class="add">
        ${trouble}
        <longpage-add-document
          .hasScout=${this.#engine.choice === embeddedModel}
          @files=${(event: CustomEvent<readonly File[]>) => this.#import(event.detail)}
          @address=${(event: CustomEvent<string>) => this.#import([{ url: event.detail }])}
          @pasted=${(event: CustomEvent<string>) => this.#import([{ text: event.detail }])}
          @sample=${this.#onSample}
        ></longpage-add-document>
      </div>`;
    }
    return html`<longpage-document-reader
      .heading=${openEntry?.title ?? ''}
      .meta=${`${open.text.length.toLocaleString('en')} characters`}
      .text=${open.text}
      .marked=${this.marked}
      @rename=${(event: CustomEvent<string>) => void this.#library.rename(open.id, event.detail)}
      @delete=${() => void this.#library.delete(open.id)}
      >${trouble}</longpage-document-reader
    >`;
  }

  #renderChat() {
    const { conversations, current, answeringId, problem } = this.#chat;
    const isSample = this.#library.open?.id === sampleId && !this.isChatting;
    return html`<longpage-chat-panel
      .conversations=${conversations}
      .current=${current}
      .answeringId=${answeringId}
      .isReady=${this.#engine.phase === 'ready'}
      .intro=${this.isChatting ? 'Talk to the model itself. Scout has little to say without a text to read.' : 'Ask about this document. The first answer takes longest: the document is read then.'}
      .suggestions=${isSample ? this.suggestions : []}
      @question=${(event: CustomEvent<string>) => void this.#chat.ask(event.detail)}
      @stop=${() => this.#chat.stop()}
      @begin=${() => this.#chat.begin()}
      @select=${(event: CustomEvent<string>) => this.#chat.select(event.detail)}
      @remove=${() => void this.#chat.delete()}
      @edit=${({ detail }: CustomEvent<TurnEventDetail>) => void this.#chat.edit(detail.turn, detail.text!)}
      @again=${({ detail }: CustomEvent<TurnEventDetail>) => void this.#chat.answerAgain(detail.turn)}
      @choose=${({ detail }: CustomEvent<TurnEventDetail>) => this.#chat.choose(detail.turn)}
    >
      ${
        problem === undefined || this.#engine.phase === 'failed'
          ? null
          : html`<longpage-error-panel
              .error=${problem}
              @shrink=${this.#onShrink}
              @dismiss=${() => this.#chat.dismiss()}
            ></longpage-error-panel>`
      }
    </longpage-chat-panel>`;
  }

  #renderFooter() {
    const { choice, stats, tokensPerSecond, settings, plan, map, promotions } = this.#engine;
    const parts = stats ? [choice?.name ?? '', `${formatBytes(stats.memory.total)} on the GPU`] : [];
    if (stats && stats.memory.hostBytes > 0) parts.push(`${formatBytes(stats.memory.hostBytes)} in memory`);
    if (tokensPerSecond !== undefined) parts.push(formatRate(tokensPerSecond));
    return html`<footer>
      <div class="status">
        <span>${parts.join(' · ')}</span>
        <button class="quiet" aria-expanded=${this.hasMemory} aria-controls="memory" @click=${this.#onMemory}>
          Memory ${this.hasMemory ? icons.down : icons.up}
        </button>
      </div>
      <div id="memory" ?hidden=${!this.hasMemory}>
        <longpage-memory-panel
          .settings=${settings}
          .stats=${stats}
          .plan=${plan}
          .map=${map}
          .promotions=${promotions}
          .canApply=${this.#engine.phase === 'ready' && this.#chat.answeringId === undefined}
          .forecaster=${this.#forecast}
          @apply=${(event: CustomEvent<Settings>) => void this.#engine.reload(event.detail)}
        ></longpage-memory-panel>
      </div>
    </footer>`;
  }

  #onMemory = (): void => {
    this.hasMemory = !this.hasMemory;
    this.#engine.watchCache(this.hasMemory);
  };

  readonly #forecast = (settings: Settings) => this.#engine.forecast(settings);

  /** Shows a document, the chat without one (empty), or where one is added (undefined). */
  async #show(id: string | undefined): Promise<void> {
    const library = this.renderRoot.querySelector<HTMLElement>('#library')!;
    if (library.matches(':popover-open')) library.hidePopover();
    this.marked = undefined;
    this.view = 'document';
    this.isChatting = id === '';
    await Promise.all([this.#library.show(id ?? ''), this.#chat.open(id ?? '')]);
    if (id !== undefined) await this.#focusChat();
  }

  async #add(title: string, text: string, id?: string): Promise<void> {
    const added = await this.#library.add(title, text, id);
    if (added === undefined) return;
    this.marked = undefined;
    await this.#chat.open(added);
    await this.#focusChat();
  }

  #import = async (inputs: readonly ImportInput[]): Promise<void> => {
    try {
      for (const input of inputs) {
        const { title, text } = await importDocument(input);
        await this.#add(title, text);
      }
    } catch (error) {
      this.#library.report(error);
    }
  };

  #onSample = async (): Promise<void> => {
    try {
      const { title, text } = await readSample();
      this.suggestions = await readSampleQuestions();
      await this.#add(title, text, sampleId);
    } catch (error) {
      this.#library.report(error);
    }
  };

  #onModel = async (event: CustomEvent<ModelChoice>): Promise<void> => {
    this.isPicking = false;
    void this.#engine.load(event.detail);
    await this.#focusChat();
  };

  #onShrink = (): void => {
    const { settings } = this.#engine;
    const smaller =
      gpuByteChoices.findLast((choice) => choice <= settings.gpuBytes / 2) ?? gpuByteChoices[0]!;
    void this.#engine.reload({ ...settings, gpuBytes: smaller, isExact: false });
  };

  async #focusChat(): Promise<void> {
    await this.updateComplete;
    const panel = this.renderRoot.querySelector<ChatPanel>('longpage-chat-panel');
    await panel?.updateComplete;
    panel?.focus();
  }
}

customElements.define('longpage-app', App);
