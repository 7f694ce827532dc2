/** Files that are dropped anywhere on the page: a browser would leave the page to show them. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** See the file's header. */
export class DropController implements ReactiveController {
  /** Whether files are held over the page. */
  isOver = false;
  readonly #host: ReactiveControllerHost;
  readonly #onFiles: (files: readonly File[]) => void;

  constructor(host: ReactiveControllerHost, onFiles: (files: readonly File[]) => void) {
    this.#host = host;
    this.#onFiles = onFiles;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener('dragover', this.#onOver);
    addEventListener('dragleave', this.#onLeave);
    addEventListener('drop', this.#onDrop);
  }

  hostDisconnected(): void {
    removeEventListener('dragover', this.#onOver);
    removeEventListener('dragleave', this.#onLeave);
    removeEventListener('drop', this.#onDrop);
  }

  #onOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.#set(true);
  };

  #onLeave = (event: DragEvent): void => {
    // Every border between two elements is left too; only the page's own has nothing behind it.
    if (event.relatedTarget === null) this.#set(false);
  };

  #onDrop = (event: DragEvent): void => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#set(false);
    this.#onFiles(files);
  };

  #set(isOver: boolean): void {
    if (this.isOver === isOver) return;
    this.isOver = isOver;
    this.#host.requestUpdate();
  }
}
