/** The page: the library, the document that is open, the conversation on it, and what they cost. Holds the controllers. */
import { LitElement, html } from 'lit';
import type { Place } from './address';
import { AddressController } from './address-controller';
import { appStyles } from './app-styles';
import { ChatController } from './chat-controller';
import './components/add-document';
import type { TurnEventDetail } from './components/chat-log';
import './components/chat-panel';
import type { ChatPanel } from './components/chat-panel';
import './components/document-offer';
import './components/document-overview';
import './components/document-reader';
import './components/document-status';
import './components/error-panel';
import './components/library-panel';
import type { Passage } from './components/answer-sources';
import './components/together-status';
import './components/load-progress';
import './components/memory-panel';
import './components/model-picker';
import './components/password-form';
import './components/import-status';
import { titleOf } from './conversation';
import { conversationMarkdown } from './conversation-markdown';
import { ConversationStore } from './conversation-store';
import { DropController } from './drop-controller';
import { EngineController } from './engine-controller';
import { formatBytes, formatCount, formatRate } from './format';
import { icons } from './icons';
import { ImportController, type ImportSource } from './import-controller';
import { LibraryController } from './library-controller';
import { choiceOfFiles, idOfChoice, isScout, loadLastModel, type ModelChoice } from './models';
import type { CatalogEntry } from './models/catalog';
import { downloadInWorker } from './models/download-in-worker';
import { ModelStore } from '../src/source/hub/model-store';
import { ModelsController } from './models-controller';
import { OverviewController } from './overview-controller';
import { sentencesOf, type Span } from './paragraphs';
import { whyNotReady } from './readiness';
import {
  isOfSample,
  readSample,
  readSampleQuestions,
  sampleId,
  samplePartId,
  shortSample,
  suggestionsFor,
  type SampleQuestion,
} from './sample';
import type { Settings } from './settings';
import { saveFile } from './save-file';
import { controls } from './shared-styles';
import { TogetherController } from './together-controller';

/** How the names of exported documents end. */
const exportedName = '.longpage';

/** One and the same, so that nothing is drawn again for another one. */
const none: readonly never[] = [];

/** The list with a name that it did not have, or without one that it had. */
function toggled(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
}

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
    sampleQuestions: { state: true },
  };
  declare isPicking: boolean;
  /** Whether the memory panel is open. */
  declare hasMemory: boolean;
  /** Whether the chat without a document is open. */
  declare isChatting: boolean;
  declare view: View;
  declare marked: Span | undefined;
  declare sampleQuestions: readonly SampleQuestion[];
  readonly #modelStore = new ModelStore({ fetchFiles: downloadInWorker });
  readonly #store = new ConversationStore();
  readonly #models = new ModelsController(this, this.#modelStore);
  readonly #engine = new EngineController(this, this.#modelStore);
  readonly #library = new LibraryController(this, this.#engine, this.#store);
  readonly #chat: ChatController = new ChatController(this, this.#engine, this.#store, {
    partOf: () => this.#library.openPart,
    isKept: (id) => this.#library.documents.some((document) => document.id === id),
    onReading: (progress) => this.#together.follow(progress),
    onAsking: () => this.#overview.giveWay(),
  });
  readonly #together = new TogetherController(this, this.#engine, () => this.#chat.documentIds);
  readonly #overview: OverviewController = new OverviewController(this, this.#engine, () => {
    const { open, openEntry, reading } = this.#library;
    const { documentId, turns } = this.#chat.current;
    return {
      document: open?.text === undefined ? undefined : { id: open.id, text: open.text },
      isComplete: openEntry?.state === 'complete',
      readingId: reading?.id,
      isAsked: documentId === open?.id && turns.length > 0,
    };
  });
  readonly #imports = new ImportController(this, this.#library);
  readonly #drop = new DropController(this, (files) => void this.#takeFiles(files));
  #wasPicking = false;

  constructor() {
    super();
    new AddressController(
      this,
      () => this.#place,
      (place) => this.#go(place),
    );
    this.isPicking = false;
    this.hasMemory = false;
    this.isChatting = false;
    this.view = 'document';
    this.marked = undefined;
    this.sampleQuestions = [];
    void this.#engine.load(loadLastModel());
  }

  protected override willUpdate(): void {
    if (this.isPicking && !this.#wasPicking) void this.#models.open();
    this.#wasPicking = this.isPicking;
  }

  protected override render() {
    const hasChat = this.#library.open !== undefined || this.isChatting;
    const { isPicking } = this;
    return html`
      <header>
        <button class="quiet menu" popovertarget="library" aria-label="Library">${icons.menu}</button>
        <h1>Longpage</h1>
        <button
          class="quiet"
          aria-expanded=${isPicking}
          aria-controls="picker"
          @click=${() => (this.isPicking = !this.isPicking)}
        >
          Models ${isPicking ? icons.up : icons.down}
        </button>
      </header>
      ${this.#renderEngineState()}
      <div class="panes" data-view=${this.isChatting ? 'chat' : this.view}>
        ${this.#renderLibrary()} ${this.#library.open && !isPicking ? this.#renderTabs() : null}
        <main id="picker" ?hidden=${!isPicking}>${this.#renderPicker()}</main>
        <main class=${hasChat && !this.isChatting ? 'both' : ''} ?hidden=${isPicking}>
          ${this.isChatting ? null : this.#renderDocument()} ${hasChat ? this.#renderChat() : null}
        </main>
      </div>
      ${this.#renderFooter()} ${this.#drop.isOver ? html`<p class="dropping">Drop it to add it</p>` : null}
    `;
  }

  #renderPicker() {
    const { phase, choice } = this.#engine;
    const { entries, problems, problem, isSearching } = this.#models;
    return html`<longpage-model-picker
      .entries=${entries}
      .problems=${problems}
      .problem=${problem}
      .isSearching=${isSearching}
      .canStore=${ModelStore.isAvailable}
      .currentId=${phase === 'ready' && choice ? idOfChoice(choice) : undefined}
      @model-chosen=${this.#onModel}
      @find=${(event: CustomEvent<string>) => void this.#models.find(event.detail)}
      @download=${(event: CustomEvent<CatalogEntry>) => void this.#models.download(event.detail)}
      @stop=${(event: CustomEvent<CatalogEntry>) => this.#models.stop(event.detail.id)}
      @delete=${(event: CustomEvent<CatalogEntry>) => void this.#models.delete(event.detail.id)}
    ></longpage-model-picker>`;
  }

  #renderEngineState() {
    const { phase, error, choice, progress, isRecovering } = this.#engine;
    if (isRecovering) {
      return html`<p class="banner" role="status">
        The GPU was lost. The page is getting another one; answers go on by themselves.
      </p>`;
    }
    if (phase === 'loading') {
      return html`<longpage-load-progress
        role="region"
        aria-label="Loading the model"
        .name=${choice?.name ?? ''}
        .progress=${progress}
        @stop=${this.#onStopLoading}
      ></longpage-load-progress>`;
    }
    if (phase !== 'failed') return null;
    return html`<longpage-error-panel
      class="banner"
      .error=${error}
      .isFatal=${true}
      .gpuBytes=${this.#engine.settings.gpuBytes}
      @retry=${() => void this.#engine.reload()}
      @pick=${() => (this.isPicking = true)}
      @limit=${this.#onLimit}
    ></longpage-error-panel>`;
  }

  #renderLibrary() {
    return html`<longpage-library-panel
      id="library"
      popover
      .documents=${this.#library.documents}
      .offers=${this.#library.offers}
      .openId=${this.isChatting ? '' : (this.#library.open?.id ?? this.#library.offer?.id)}
      .readingId=${this.#library.reading?.id}
      .quota=${this.#library.quota}
      .isReady=${this.#engine.phase === 'ready'}
      .isRefused=${this.#library.isRefused}
      .besideIds=${this.#chat.current.besideIds ?? none}
      .canChoose=${!this.isChatting && this.#library.openEntry?.state === 'complete'}
      @beside=${(event: CustomEvent<string>) => this.#chat.askBeside(toggled(this.#chat.documentIds.slice(1), event.detail))}
      @import=${(event: CustomEvent<File>) => void this.#import([{ exported: event.detail }])}
      @keep=${() => void this.#library.keep()}
      @add=${() => this.#show(undefined)}
      @open=${(event: CustomEvent<string>) => this.#show(event.detail)}
      @offer=${(event: CustomEvent<string>) => this.#showOffer(event.detail)}
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
    const { open, openEntry, offer, reading, problem } = this.#library;
    const trouble =
      problem === undefined
        ? null
        : html`<longpage-error-panel
            .error=${problem}
            .documents=${this.#library.documents}
            @dismiss=${() => this.#library.report(undefined)}
          ></longpage-error-panel>`;
    const importing = this.#renderImport();
    if (!open && offer) {
      return html`<div class="add">
        ${trouble} ${importing}
        <longpage-document-offer
          .offer=${offer}
          .gpuBytes=${this.#engine.settings.gpuBytes}
          .isReady=${this.#engine.phase === 'ready'}
          .isBusy=${reading !== undefined}
          .isSlow=${this.#engine.isSlow}
          @accept=${this.#onAccept}
          @cancel=${() => void this.#library.withdraw()}
          @shorten=${(event: CustomEvent<number>) => void this.#library.shorten(event.detail)}
          @limit=${this.#onLimit}
          @encoding=${(event: CustomEvent<string>) => void this.#imports.readAs(event.detail)}
        ></longpage-document-offer>
      </div>`;
    }
    if (!open) {
      return html`<div class="add">
        ${trouble} ${importing}
        <longpage-add-document
          .isSlow=${this.#engine.isSlow}
          .hasScout=${isScout(this.#engine.choice)}
          @files=${(event: CustomEvent<readonly File[]>) => void this.#takeFiles(event.detail)}
          @address=${(event: CustomEvent<string>) => void this.#import([{ url: event.detail }])}
          @pasted=${(event: CustomEvent<string>) => void this.#import([{ text: event.detail }])}
          @sample=${() => void this.#onSample(false)}
          @short-sample=${() => void this.#onSample(true)}
        ></longpage-add-document>
      </div>`;
    }
    return html`<longpage-document-reader
      .documentId=${open.id}
      .heading=${openEntry?.title ?? (reading?.id === open.id ? reading.title : '')}
      .meta=${openEntry ? `${formatCount(openEntry.numTokens, 'token')} · ${formatBytes(openEntry.storedBytes)} on the disk` : ''}
      .text=${open.text ?? ''}
      .marked=${this.marked}
      .places=${open.places ?? none}
      .notes=${openEntry?.notes ?? (reading?.id === open.id ? reading.notes : none)}
      @rename=${(event: CustomEvent<string>) => void this.#library.rename(open.id, event.detail)}
      @export=${() => void this.#onExport(open.id, openEntry?.title ?? open.id)}
      @delete=${() => void this.#deleteDocument(open.id)}
    >
      <longpage-document-status
        .entry=${openEntry}
        .reading=${reading?.id === open.id ? reading : undefined}
        .opened=${open.opened}
        .canRead=${open.text !== undefined && reading === undefined && this.#engine.phase === 'ready'}
        @stop=${() => this.#library.stop()}
        @read=${() => void this.#library.readOn()}
      ></longpage-document-status>
      ${importing} ${trouble}
    </longpage-document-reader>`;
  }

  #renderImport() {
    const { current, locked } = this.#imports;
    if (current) {
      return html`<longpage-import-status
        .current=${current}
        @stop=${() => this.#imports.stop()}
      ></longpage-import-status>`;
    }
    if (!locked) return null;
    return html`<longpage-password-form
      .name=${locked.file.name}
      .wasWrong=${locked.wasWrong}
      @password=${(event: CustomEvent<string>) => void this.#imports.unlock(event.detail)}
      @cancel=${() => void this.#imports.unlock(undefined)}
    ></longpage-password-form>`;
  }

  #renderChat() {
    const { conversations, current, answeringId, storeProblem } = this.#chat;
    // Without an engine the page says what became of it.
    const asked = this.#chat.problem ?? this.#together.problem ?? this.#overview.problem;
    const problem = this.#engine.phase === 'failed' ? storeProblem : (asked ?? storeProblem);
    return html`<longpage-chat-panel
      .conversations=${conversations}
      .current=${current}
      .text=${this.isChatting ? undefined : this.#library.open?.text}
      .answeringId=${answeringId}
      .whyNotReady=${this.#whyNotReady()}
      .intro=${this.isChatting ? 'Talk to the model itself. Scout has little to say without a text to read.' : `Ask about this document.${this.#library.openPart ? ' Answers come from what is read of it so far.' : ''}`}
      .suggestions=${this.isChatting ? [] : this.#suggestions()}
      @question=${(event: CustomEvent<string>) => void this.#answered(this.#chat.ask(event.detail))}
      @stop=${() => this.#chat.stop()}
      @begin=${() => this.#chat.begin()}
      @select=${(event: CustomEvent<string>) => this.#chat.select(event.detail)}
      @save=${this.#onSaveConversation}
      @remove=${() => void this.#chat.delete()}
      @edit=${({ detail }: CustomEvent<TurnEventDetail>) => void this.#answered(this.#chat.edit(detail.turn, detail.text!))}
      @again=${({ detail }: CustomEvent<TurnEventDetail>) => void this.#answered(this.#chat.answerAgain(detail.turn))}
      @show=${({ detail }: CustomEvent<Passage>) => void this.#showPassage(detail)}
      @choose=${({ detail }: CustomEvent<TurnEventDetail>) => this.#chat.choose(detail.turn)}
    >
      <longpage-document-overview
        slot="overview"
        .overview=${this.isChatting ? undefined : this.#overview.current}
        .writing=${this.#overview.writing}
        .canWrite=${!this.isChatting && this.#overview.canWrite}
        .isSlow=${this.#engine.isSlow}
        @write=${() => void this.#overview.write()}
        @stop=${() => this.#stopOverview()}
      ></longpage-document-overview>
      ${
        this.#chat.documentIds.length > 1
          ? html`<longpage-together-status
              .plan=${this.#together.plan}
              .progress=${this.#together.progress}
              @alone=${() => this.#chat.askBeside(none)}
            ></longpage-together-status>`
          : null
      }
      ${
        problem === undefined
          ? null
          : html`<longpage-error-panel
              .error=${problem}
              .documents=${this.#library.documents}
              .gpuBytes=${this.#engine.settings.gpuBytes}
              @limit=${this.#onLimit}
              @dismiss=${() => {
                this.#together.problem = undefined;
                this.#overview.problem = undefined;
                this.#chat.dismiss();
              }}
            ></longpage-error-panel>`
      }
    </longpage-chat-panel>`;
  }

  #renderFooter() {
    const { choice, stats, tokensPerSecond, settings, plan, cache } = this.#engine;
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
          .map=${cache.map}
          .isMapLive=${cache.isMapLive}
          .promotions=${cache.promotions}
          .canApply=${this.#engine.phase === 'ready' && this.#chat.answeringId === undefined}
          .forecaster=${this.#forecast}
          @apply=${(event: CustomEvent<Settings>) => void this.#engine.reload(event.detail)}
        ></longpage-memory-panel>
      </div>
    </footer>`;
  }

  #onMemory = (): void => {
    this.hasMemory = !this.hasMemory;
    this.#engine.cache.watch(this.hasMemory);
  };

  readonly #forecast = (settings: Settings) => this.#engine.forecast(settings);

  /** Shows a document, the chat without one (empty), or where one is added (undefined). */
  async #show(id: string | undefined, conversationId?: string): Promise<void> {
    const library = this.renderRoot.querySelector<HTMLElement>('#library')!;
    if (library.matches(':popover-open')) library.hidePopover();
    this.isPicking = false;
    this.marked = undefined;
    this.view = 'document';
    this.isChatting = id === '';
    if (id !== undefined && isOfSample(id)) void this.#loadQuestions();
    await Promise.all([this.#library.show(id ?? ''), this.#chat.open(id ?? '', conversationId)]);
    if (id !== undefined) await this.#focusChat();
  }

  /** Where somebody is, for the page's address. */
  get #place(): Place {
    const { open, offer } = this.#library;
    const id = this.isChatting ? '' : open?.id;
    if (id === undefined) return offer ? { kind: 'offer', id: offer.id } : { kind: 'add' };
    const { id: conversationId, documentId, turns } = this.#chat.current;
    const isAsked = documentId === id && turns.length > 0;
    return { kind: 'document', id, ...(isAsked && { conversationId }) };
  }

  /** Goes where an address leads; to a document that is open already, without bringing it again. */
  async #go(place: Place): Promise<void> {
    // An address may come with the page, before anything is drawn.
    await this.updateComplete;
    if (place.kind === 'document') {
      const openId = this.isChatting ? '' : this.#library.open?.id;
      if (openId !== place.id) await this.#show(place.id, place.conversationId);
      else if (place.conversationId !== undefined) this.#chat.select(place.conversationId);
      else this.#chat.begin();
      return;
    }
    await this.#library.restored;
    const isOffered = place.kind === 'offer' && this.#library.offers.some(({ id }) => id === place.id);
    await (isOffered ? this.#showOffer(place.id) : this.#show(undefined));
  }

  async #showOffer(id: string): Promise<void> {
    await this.#show(undefined);
    await this.#library.showOffer(id);
  }

  /** One of another document is shown there: Back leads here again. */
  async #showPassage({ start, end, documentId }: Passage): Promise<void> {
    let passage = { start, end };
    if (documentId !== undefined) {
      await this.#show(documentId);
      const { open } = this.#library;
      if (open?.id !== documentId || open.text === undefined) return;
      passage = sentencesOf(open.text, passage);
    }
    this.view = 'document';
    this.marked = passage;
  }

  #whyNotReady(): string | undefined {
    const hasModel = this.#engine.phase === 'ready';
    const why = whyNotReady(hasModel, this.isChatting ? undefined : this.#library.openProgress);
    if (why !== undefined || this.#together.isReady) return why;
    return this.#together.plan
      ? 'These documents do not fit together'
      : 'It is not known yet whether they fit';
  }

  #onAccept = async (): Promise<void> => {
    const reading = this.#library.accept();
    const { open } = this.#library;
    if (!open) return;
    this.marked = undefined;
    await this.#chat.open(open.id);
    await this.#focusChat();
    await reading;
  };

  /** An answer holds its document until it has ended. */
  async #deleteDocument(id: string): Promise<void> {
    await this.#chat.halt();
    this.#overview.giveWay();
    await this.#library.delete(id);
    await this.#overview.forget(id);
  }

  async #onExport(id: string, title: string): Promise<void> {
    const file = await this.#library.export(id);
    if (file) saveFile(file, `${title}${exportedName}`);
  }

  #onSaveConversation = (): void => {
    const { current } = this.#chat;
    const { open, openEntry } = this.#library;
    const title = this.isChatting ? undefined : (openEntry?.title ?? open?.id);
    const markdown = conversationMarkdown(current, title, this.isChatting ? undefined : open?.text);
    saveFile(new Blob([markdown], { type: 'text/markdown' }), `${titleOf(current)}.md`);
  };

  /** An answer can have found that its document is damaged. */
  async #answered(answering: Promise<void>): Promise<void> {
    await answering;
    await this.#library.refresh();
  }

  /** Files that were dropped or picked: a model, documents, or documents that were exported. */
  async #takeFiles(files: readonly File[]): Promise<void> {
    const model = choiceOfFiles(files);
    if (model) {
      await this.#useModel(model);
      return;
    }
    await this.#import(files.map((file) => (file.name.endsWith(exportedName) ? { exported: file } : file)));
  }

  async #import(sources: readonly ImportSource[]): Promise<void> {
    const areExported = sources.every((source) => 'exported' in source);
    // An exported one need not take the place of a document that is open before it is here.
    const isInTheWay =
      this.isChatting || this.isPicking || (!areExported && this.#library.open !== undefined);
    if (isInTheWay) void this.#show(undefined);
    const id = await this.#imports.take(sources);
    if (id !== undefined && areExported) await this.#show(id);
  }

  async #onSample(isShort: boolean): Promise<void> {
    try {
      const { title, text: whole } = await readSample();
      void this.#loadQuestions();
      const text = isShort ? shortSample(whole) : whole;
      const id = isShort ? samplePartId(text.length) : sampleId;
      await this.#library.propose(isShort ? `${title} (short)` : title, text, { id });
      if (this.#library.open) await this.#show(id);
    } catch (error) {
      this.#library.report(error);
    }
  }

  /** Questions to begin with: those of the sample that what is read of it answers, else what the model wrote. */
  #suggestions(): readonly string[] {
    const { open, openPart, reading } = this.#library;
    if (open?.text === undefined) return [];
    if (!isOfSample(open.id)) return this.#overview.current?.questions ?? none;
    const isUnread = reading?.id === open.id && !openPart;
    const share = isUnread ? 0 : openPart ? openPart.numReadTokens / openPart.numTokens : 1;
    const beginning = open.text.slice(0, Math.floor(open.text.length * share));
    return suggestionsFor(this.sampleQuestions, beginning, open.id === sampleId && share === 1);
  }

  #stopOverview(): void {
    this.#overview.giveWay();
    this.requestUpdate();
  }

  /** A page without questions to begin with is as good. */
  async #loadQuestions(): Promise<void> {
    try {
      this.sampleQuestions = await readSampleQuestions();
    } catch (error) {
      console.warn('There are no questions to begin with:', error);
    }
  }

  #onModel = (event: CustomEvent<ModelChoice>): Promise<void> => this.#useModel(event.detail);

  async #useModel(choice: ModelChoice): Promise<void> {
    this.isPicking = false;
    void this.#engine.load(choice);
    await this.#focusChat();
  }

  /** Without a model there is little to do but to pick another. */
  #onStopLoading = (): void => {
    this.#engine.stopLoading();
    this.isPicking = true;
  };

  #onLimit = ({ detail: gpuBytes }: CustomEvent<number>): void => {
    const { settings } = this.#engine;
    const isSmaller = gpuBytes < settings.gpuBytes;
    void this.#engine.reload({ ...settings, gpuBytes, ...(isSmaller && { isExact: false }) });
  };

  async #focusChat(): Promise<void> {
    await this.updateComplete;
    const panel = this.renderRoot.querySelector<ChatPanel>('longpage-chat-panel');
    await panel?.updateComplete;
    panel?.focus();
  }
}

customElements.define('longpage-app', App);
