/** Who may use a document, across tabs: many readers or one writer. */
import { EngineError } from '../util/errors';

/** A lock that is held until it is released, once. */
export interface DocumentLock {
  release(): void;
}

type Mode = 'shared' | 'exclusive';

const nobody: DocumentLock = { release: () => undefined };

/** Hands out locks by document, of the browser's lock manager; without one (in Node) there is nobody else to lock out. */
export class DocumentLocks {
  readonly #manager: LockManager | undefined;

  constructor(manager: LockManager | undefined) {
    this.#manager = manager;
  }

  /** To read. @throws EngineError `document-busy` while another tab writes or deletes it */
  shared(id: string): Promise<DocumentLock> {
    return this.#take(
      id,
      'shared',
      `'${id}' is being read or deleted in another tab; wait until that is done.`,
    );
  }

  /** To write or delete. @throws EngineError `document-busy` while an answer here or another tab has it open */
  exclusive(id: string): Promise<DocumentLock> {
    return this.#take(id, 'exclusive', `'${id}' is in use, here or in another tab; end that first.`);
  }

  #take(id: string, mode: Mode, refusal: string): Promise<DocumentLock> {
    const manager = this.#manager;
    if (!manager) return Promise.resolve(nobody);
    return new Promise((resolve, reject) => {
      const name = `longpage-document:${id}`;
      const request = manager.request(name, { mode, ifAvailable: true }, (lock) => {
        if (!lock) {
          reject(new EngineError('document-busy', refusal));
          return undefined;
        }
        return new Promise<void>((release) => resolve({ release }));
      });
      request.catch(reject);
    });
  }
}
