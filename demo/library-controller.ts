/** The documents of this device, and the one that is open. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ConversationStore } from './conversation-store';
import type { DocumentShelf, ShelvedDocument } from './document-shelf';
import { newId } from './ids';

/** A document whose text is shown. */
export interface OpenDocument {
  readonly id: string;
  readonly text: string;
}

/** See the file's header. */
export class LibraryController implements ReactiveController {
  documents: readonly ShelvedDocument[] = [];
  open: OpenDocument | undefined;
  /** What went wrong last with a document. */
  problem: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #shelf: DocumentShelf;
  readonly #conversations: ConversationStore;

  constructor(host: ReactiveControllerHost, shelf: DocumentShelf, conversations: ConversationStore) {
    this.#host = host;
    this.#shelf = shelf;
    this.#conversations = conversations;
    host.addController(this);
  }

  hostConnected(): void {
    void this.#attempt(() => this.#refresh());
  }

  /** The entry of the open document. */
  get openEntry(): ShelvedDocument | undefined {
    return this.documents.find(({ id }) => id === this.open?.id);
  }

  /** Adds a text and opens it; `id` only for one that must not be there twice. Resolves to the document's id. */
  async add(title: string, text: string, id = newId()): Promise<string | undefined> {
    return this.#attempt(async () => {
      if (!this.documents.some((document) => document.id === id)) {
        await this.#shelf.add({ id, title, numCharacters: text.length, addedAt: Date.now() }, text);
      }
      this.open = { id, text };
      await this.#refresh();
      return id;
    });
  }

  /** Opens a document; empty for none. */
  async show(id: string): Promise<void> {
    await this.#attempt(async () => {
      this.open = id === '' ? undefined : { id, text: await this.#shelf.text(id) };
    });
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#attempt(async () => {
      await this.#shelf.rename(id, title);
      await this.#refresh();
    });
  }

  /** Deletes a document and the conversations on it. */
  async delete(id: string): Promise<void> {
    await this.#attempt(async () => {
      if (this.open?.id === id) this.open = undefined;
      await this.#shelf.delete(id);
      await this.#conversations.deleteAll(id);
      await this.#refresh();
    });
  }

  /** Says what went wrong, or with undefined that it has been read. */
  report(problem: unknown): void {
    this.problem = problem;
    this.#host.requestUpdate();
  }

  async #refresh(): Promise<void> {
    this.documents = await this.#shelf.list();
  }

  async #attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    this.problem = undefined;
    try {
      return await work();
    } catch (error) {
      this.problem = error;
      return undefined;
    } finally {
      this.#host.requestUpdate();
    }
  }
}
