/** Runs in a page of the test: imports what the test hands over, and shows Markdown. */
import { html, render } from 'lit';
import '../../demo/components/markdown-view';
import { importDocument, type ImportInput, type ImportProgress } from '../../demo/import/import-document';
import { ImportError } from '../../demo/import/import-error';

/** A document as a test can send it. */
export type SentInput =
  | { bytes: number[]; name: string }
  | { url: string }
  | { text: string; title?: string };

/** What became of it. */
export type Outcome =
  | { title: string; text: string; kind: string; notes: readonly string[]; progress: ImportProgress[] }
  | { code: string; message: string; step: string };

const page = {
  async importDocument(input: SentInput): Promise<Outcome> {
    const given: ImportInput = 'bytes' in input ? new File([new Uint8Array(input.bytes)], input.name) : input;
    const progress: ImportProgress[] = [];
    try {
      const document = await importDocument(given, { onProgress: (entry) => progress.push(entry) });
      return { ...document, progress };
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      const { code, message, step } = error;
      return { code, message, step };
    }
  },

  /** Starts an import and aborts it at its first progress; resolves to what it rejects with. */
  async abortImport(bytes: number[], name: string): Promise<unknown> {
    const controller = new AbortController();
    try {
      await importDocument(new File([new Uint8Array(bytes)], name), {
        signal: controller.signal,
        onProgress: () => controller.abort('enough'),
      });
      return undefined;
    } catch (reason) {
      return reason;
    }
  },

  /** A file that says that it is large, and notes whether it was read. */
  async importLarge(sizeBytes: number): Promise<{ outcome: string; wasRead: boolean }> {
    let wasRead = false;
    const file = new File([], 'large.txt');
    Object.defineProperty(file, 'size', { value: sizeBytes });
    file.arrayBuffer = async () => {
      wasRead = true;
      return new ArrayBuffer(0);
    };
    const outcome = await importDocument(file).then(
      () => 'imported',
      (error: unknown) => (error as ImportError).message,
    );
    return { outcome, wasRead };
  },

  async showMarkdown(text: string): Promise<void> {
    render(html`<longpage-markdown .text=${text}></longpage-markdown>`, document.body);
    await (document.querySelector('longpage-markdown') as unknown as { updateComplete: Promise<unknown> })
      .updateComplete;
  },
};

/** What the test may call. */
export type ImportPage = typeof page;

Object.assign(globalThis, { importPage: page });
document.title = 'ready';
