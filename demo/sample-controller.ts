/** The document that ships with the page: offering it, and the questions on it to begin with. */
import type { ReactiveControllerHost } from 'lit';
import type { LibraryController } from './library-controller';
import {
  readSample,
  readSampleQuestions,
  sampleId,
  samplePartId,
  shortSample,
  suggestionsFor,
  type SampleQuestion,
} from './sample';

/** See the file's header. */
export class SampleController {
  readonly #host: ReactiveControllerHost;
  readonly #library: LibraryController;
  #questions: readonly SampleQuestion[] = [];

  constructor(host: ReactiveControllerHost, library: LibraryController) {
    this.#host = host;
    this.#library = library;
  }

  /** Offers the sample, or its beginning; resolves to its name in the library. @throws Error when it cannot be fetched */
  async propose(isShort: boolean): Promise<string> {
    const { title, text: whole } = await readSample();
    void this.loadQuestions();
    const text = isShort ? shortSample(whole) : whole;
    const id = isShort ? samplePartId(text.length) : sampleId;
    await this.#library.propose(isShort ? `${title} (short)` : title, text, { id });
    return id;
  }

  /** Those questions that what is read of the open document, the sample, answers. */
  get suggestions(): readonly string[] {
    const { open, openPart, reading } = this.#library;
    if (open?.text === undefined) return [];
    const isUnread = reading?.id === open.id && !openPart;
    const share = isUnread ? 0 : openPart ? openPart.numReadTokens / openPart.numTokens : 1;
    const beginning = open.text.slice(0, Math.floor(open.text.length * share));
    return suggestionsFor(this.#questions, beginning, open.id === sampleId && share === 1);
  }

  /** A page without questions to begin with is as good. */
  async loadQuestions(): Promise<void> {
    try {
      this.#questions = await readSampleQuestions();
    } catch (error) {
      console.warn('There are no questions to begin with:', error);
    }
    this.#host.requestUpdate();
  }
}
