/** The page: where one is in it, and what leads from one place to another. What it shows is drawn by the functions in `views`. */
import { LitElement, html } from 'lit';
import type { Place } from './address';
import { AddressController } from './address-controller';
import { AppControllers } from './app-controllers';
import { appStyles } from './app-styles';
import type { Passage } from './components/answer-sources';
import type { ChatPanel } from './components/chat-panel';
import { titleOf } from './conversation';
import { conversationMarkdown } from './conversation-markdown';
import { DropController } from './drop-controller';
import { icons } from './icons';
import type { ImportSource } from './import-controller';
import { choiceOfFiles, loadLastModel, type ModelChoice } from './models';
import { sentencesOf, type Span } from './paragraphs';
import { isOfSample } from './sample';
import { saveFile } from './save-file';
import { controls } from './shared-styles';
import { chatView } from './views/chat-view';
import { documentView, libraryView } from './views/document-view';
import { engineView, footerView, pickerView } from './views/engine-view';
import type { AppActions, View } from './views/view';

/** How the names of exported documents end. */
const exportedName = '.longpage';

/** What a narrow page shows. */
type Pane = 'document' | 'chat';

/** See the file's header. */
export class App extends LitElement {
  static override styles = [controls, appStyles];

  static override properties = {
    isPicking: { state: true },
    hasMemory: { state: true },
    isChatting: { state: true },
    view: { state: true },
    marked: { state: true },
  };
  declare isPicking: boolean;
  /** Whether the memory panel is open. */
  declare hasMemory: boolean;
  /** Whether the chat without a document is open. */
  declare isChatting: boolean;
  declare view: Pane;
  declare marked: Span | undefined;
  readonly #controllers = new AppControllers(this);
  readonly #drop = new DropController(this, (files) => void this.#takeFiles(files));
  readonly #actions: AppActions = {
    show: (id) => this.#show(id),
    showOffer: (id) => this.#showOffer(id),
    showPassage: (passage) => this.#showPassage(passage),
    import: (sources) => this.#import(sources),
    takeFiles: (files) => this.#takeFiles(files),
    sample: (isShort) => this.#showSample(isShort),
    accept: () => this.#accept(),
    exportDocument: (id, title) => this.#export(id, title),
    deleteDocument: (id) => this.#deleteDocument(id),
    answered: (answering) => this.#answered(answering),
    saveConversation: () => this.#saveConversation(),
    stopOverview: () => this.#stopOverview(),
    useModel: (choice) => this.#useModel(choice),
    pick: () => (this.isPicking = true),
    stopLoading: () => this.#stopLoading(),
    limit: (gpuBytes) => this.#limit(gpuBytes),
    toggleMemory: () => this.#toggleMemory(),
    forecast: (settings) => this.#controllers.engine.forecast(settings),
  };
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
    void this.#controllers.engine.load(loadLastModel());
  }

  protected override willUpdate(): void {
    if (this.isPicking && !this.#wasPicking) void this.#controllers.models.open();
    this.#wasPicking = this.isPicking;
  }

  protected override render() {
    const { library } = this.#controllers;
    const hasChat = library.open !== undefined || this.isChatting;
    const { isPicking } = this;
    const view: View = { controllers: this.#controllers, actions: this.#actions, state: this };
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
      ${engineView(view)}
      <div class="panes" data-view=${this.isChatting ? 'chat' : this.view}>
        ${libraryView(view)} ${library.open && !isPicking ? this.#renderTabs() : null}
        <main id="picker" ?hidden=${!isPicking}>${pickerView(view)}</main>
        <main class=${hasChat && !this.isChatting ? 'both' : ''} ?hidden=${isPicking}>
          ${this.isChatting ? null : documentView(view)} ${hasChat ? chatView(view) : null}
        </main>
      </div>
      ${footerView(view)} ${this.#drop.isOver ? html`<p class="dropping">Drop it to add it</p>` : null}
    `;
  }

  #renderTabs() {
    const tab = (view: Pane, label: string) =>
      html`<button aria-pressed=${this.view === view} @click=${() => (this.view = view)}>${label}</button>`;
    return html`<nav class="tabs" aria-label="Show">
      ${tab('document', 'Document')}${tab('chat', 'Chat')}
    </nav>`;
  }

  #toggleMemory(): void {
    this.hasMemory = !this.hasMemory;
    this.#controllers.engine.cache.watch(this.hasMemory);
  }

  /** Shows a document, the chat without one (empty), or where one is added (undefined). */
  async #show(id: string | undefined, conversationId?: string): Promise<void> {
    const library = this.renderRoot.querySelector<HTMLElement>('#library')!;
    if (library.matches(':popover-open')) library.hidePopover();
    this.isPicking = false;
    this.marked = undefined;
    this.view = 'document';
    this.isChatting = id === '';
    if (id !== undefined && isOfSample(id)) void this.#controllers.sample.loadQuestions();
    await Promise.all([
      this.#controllers.library.show(id ?? ''),
      this.#controllers.chat.open(id ?? '', conversationId),
    ]);
    if (id !== undefined) await this.#focusChat();
  }

  /** Where somebody is, for the page's address. */
  get #place(): Place {
    const { open, offers } = this.#controllers.library;
    const offer = offers.shown;
    const id = this.isChatting ? '' : open?.id;
    if (id === undefined) return offer ? { kind: 'offer', id: offer.id } : { kind: 'add' };
    const { id: conversationId, documentId, turns } = this.#controllers.chat.current;
    const isAsked = documentId === id && turns.length > 0;
    return { kind: 'document', id, ...(isAsked && { conversationId }) };
  }

  /** Goes where an address leads; to a document that is open already, without bringing it again. */
  async #go(place: Place): Promise<void> {
    // An address may come with the page, before anything is drawn.
    await this.updateComplete;
    if (place.kind === 'document') {
      const openId = this.isChatting ? '' : this.#controllers.library.open?.id;
      if (openId !== place.id) await this.#show(place.id, place.conversationId);
      else if (place.conversationId !== undefined) this.#controllers.chat.select(place.conversationId);
      else this.#controllers.chat.begin();
      return;
    }
    await this.#controllers.library.offers.restored;
    const isOffered =
      place.kind === 'offer' && this.#controllers.library.offers.list.some(({ id }) => id === place.id);
    await (isOffered ? this.#showOffer(place.id) : this.#show(undefined));
  }

  async #showOffer(id: string): Promise<void> {
    await this.#show(undefined);
    await this.#controllers.library.showOffer(id);
  }

  /** One of another document is shown there: Back leads here again. */
  async #showPassage({ start, end, documentId }: Passage): Promise<void> {
    let passage = { start, end };
    if (documentId !== undefined) {
      await this.#show(documentId);
      const { open } = this.#controllers.library;
      if (open?.id !== documentId || open.text === undefined) return;
      passage = sentencesOf(open.text, passage);
    }
    this.view = 'document';
    this.marked = passage;
  }

  async #accept(): Promise<void> {
    const reading = this.#controllers.library.accept();
    const { open } = this.#controllers.library;
    if (!open) return;
    this.marked = undefined;
    await this.#controllers.chat.open(open.id);
    await this.#focusChat();
    await reading;
  }

  /** An answer holds its document until it has ended. */
  async #deleteDocument(id: string): Promise<void> {
    await this.#controllers.chat.halt();
    this.#controllers.overview.giveWay();
    await this.#controllers.library.delete(id);
    await this.#controllers.overview.forget(id);
  }

  async #export(id: string, title: string): Promise<void> {
    const file = await this.#controllers.library.export(id);
    if (file) saveFile(file, `${title}${exportedName}`);
  }

  #saveConversation(): void {
    const { current } = this.#controllers.chat;
    const { open, openEntry } = this.#controllers.library;
    const title = this.isChatting ? undefined : (openEntry?.title ?? open?.id);
    const markdown = conversationMarkdown(current, title, this.isChatting ? undefined : open?.text);
    saveFile(new Blob([markdown], { type: 'text/markdown' }), `${titleOf(current)}.md`);
  }

  /** An answer can have found that its document is damaged. */
  async #answered(answering: Promise<void>): Promise<void> {
    await answering;
    await this.#controllers.library.refresh();
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
      this.isChatting || this.isPicking || (!areExported && this.#controllers.library.open !== undefined);
    if (isInTheWay) void this.#show(undefined);
    const id = await this.#controllers.imports.take(sources);
    if (id !== undefined && areExported) await this.#show(id);
  }

  async #showSample(isShort: boolean): Promise<void> {
    const { library, sample } = this.#controllers;
    try {
      const id = await sample.propose(isShort);
      if (library.open) await this.#show(id);
    } catch (error) {
      library.report(error);
    }
  }

  #stopOverview(): void {
    this.#controllers.overview.giveWay();
    this.requestUpdate();
  }

  async #useModel(choice: ModelChoice): Promise<void> {
    this.isPicking = false;
    void this.#controllers.engine.load(choice);
    await this.#focusChat();
  }

  /** Without a model there is little to do but to pick another. */
  #stopLoading(): void {
    this.#controllers.engine.stopLoading();
    this.isPicking = true;
  }

  #limit(gpuBytes: number): void {
    const { engine } = this.#controllers;
    const isSmaller = gpuBytes < engine.settings.gpuBytes;
    void engine.reload({ ...engine.settings, gpuBytes, ...(isSmaller && { isExact: false }) });
  }

  async #focusChat(): Promise<void> {
    await this.updateComplete;
    const panel = this.renderRoot.querySelector<ChatPanel>('longpage-chat-panel');
    await panel?.updateComplete;
    panel?.focus();
  }
}

customElements.define('longpage-app', App);
