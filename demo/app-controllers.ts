/** The page's controllers, each with what it needs of the others, and what is told from several of them. */
import type { ReactiveControllerHost } from 'lit';
import { ModelStore } from '../src/source/hub/model-store';
import { ChatController } from './chat-controller';
import { ConversationStore } from './conversation-store';
import { EngineController } from './engine-controller';
import { ImportController } from './import-controller';
import { LibraryController } from './library-controller';
import { downloadInWorker } from './models/download-in-worker';
import { ModelsController } from './models-controller';
import { OverviewController, type OverviewScene } from './overview-controller';
import { whyNotReady } from './readiness';
import { isOfSample } from './sample';
import { SampleController } from './sample-controller';
import { TogetherController } from './together-controller';

/** See the file's header. */
export class AppControllers {
  readonly engine: EngineController;
  readonly models: ModelsController;
  readonly library: LibraryController;
  readonly chat: ChatController;
  readonly together: TogetherController;
  readonly overview: OverviewController;
  readonly imports: ImportController;
  readonly sample: SampleController;

  constructor(host: ReactiveControllerHost) {
    const modelStore = new ModelStore({ fetchFiles: downloadInWorker });
    const conversations = new ConversationStore();
    this.models = new ModelsController(host, modelStore);
    this.engine = new EngineController(host, modelStore);
    this.library = new LibraryController(host, this.engine, conversations);
    this.chat = new ChatController(host, this.engine, conversations, {
      partOf: () => this.library.openPart,
      isKept: (id) => this.library.documents.some((document) => document.id === id),
      onReading: (progress) => this.together.follow(progress),
      onAsking: () => this.overview.giveWay(),
    });
    this.together = new TogetherController(host, this.engine, () => this.chat.documentIds);
    this.overview = new OverviewController(host, this.engine, () => this.#scene);
    this.imports = new ImportController(host, this.library);
    this.sample = new SampleController(host, this.library);
  }

  /** Why nothing can be asked now; undefined when it can. */
  whyNotReady(isChatting: boolean): string | undefined {
    const hasModel = this.engine.phase === 'ready';
    const why = whyNotReady(hasModel, isChatting ? undefined : this.library.openProgress);
    if (why !== undefined || this.together.isReady) return why;
    return this.together.plan
      ? 'These documents do not fit together'
      : 'It is not known yet whether they fit';
  }

  /** Questions to begin with: those of the sample that what is read of it answers, else what the model wrote. */
  get suggestions(): readonly string[] {
    const { open } = this.library;
    if (open?.text === undefined) return [];
    return isOfSample(open.id) ? this.sample.suggestions : (this.overview.current?.questions ?? []);
  }

  get #scene(): OverviewScene {
    const { open, openEntry, reading } = this.library;
    const { documentId, turns } = this.chat.current;
    return {
      document: open?.text === undefined ? undefined : { id: open.id, text: open.text },
      isComplete: openEntry?.state === 'complete',
      readingId: reading?.id,
      isAsked: documentId === open?.id && turns.length > 0,
    };
  }
}
