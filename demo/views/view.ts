/** What the parts of the page are drawn from, and what may be done in them. */
import type { Passage } from '../components/answer-sources';
import type { AppControllers } from '../app-controllers';
import type { Forecast } from '../engine-controller';
import type { ImportSource } from '../import-controller';
import type { ModelChoice } from '../models';
import type { Span } from '../paragraphs';
import type { Settings } from '../settings';

/** What is open on the page, beside what the controllers hold. */
export interface AppState {
  /** Whether the chat without a document is open. */
  readonly isChatting: boolean;
  /** Whether the memory panel is open. */
  readonly hasMemory: boolean;
  /** The passage that is marked in the document. */
  readonly marked: Span | undefined;
}

/** What concerns more than one controller. */
export interface AppActions {
  /** Shows a document, the chat without one (empty), or where one is added (undefined). */
  readonly show: (id: string | undefined) => Promise<void>;
  readonly showOffer: (id: string) => Promise<void>;
  readonly showPassage: (passage: Passage) => Promise<void>;
  readonly import: (sources: readonly ImportSource[]) => Promise<void>;
  /** Files that were dropped or picked: a model, documents, or documents that were exported. */
  readonly takeFiles: (files: readonly File[]) => Promise<void>;
  readonly sample: (isShort: boolean) => Promise<void>;
  /** Reads what is offered. */
  readonly accept: () => Promise<void>;
  readonly exportDocument: (id: string, title: string) => Promise<void>;
  readonly deleteDocument: (id: string) => Promise<void>;
  /** After an answer, which can have found that its document is damaged. */
  readonly answered: (answering: Promise<void>) => Promise<void>;
  readonly saveConversation: () => void;
  readonly stopOverview: () => void;
  readonly useModel: (choice: ModelChoice) => Promise<void>;
  /** Shows which models there are. */
  readonly pick: () => void;
  readonly stopLoading: () => void;
  /** Loads the model with another memory limit, in bytes. */
  readonly limit: (gpuBytes: number) => void;
  readonly toggleMemory: () => void;
  readonly forecast: (settings: Settings) => Promise<Forecast | undefined>;
}

/** See the file's header. */
export interface View {
  readonly controllers: AppControllers;
  readonly actions: AppActions;
  readonly state: AppState;
}

/** One and the same, so that nothing is drawn again for another one. */
export const none: readonly never[] = [];
