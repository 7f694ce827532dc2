/** A model source over files in memory. */
import type { ModelSource } from '../../src/source/model-source';
import type { ModelFolder } from './models';

const streamPieceBytes = 60_000;

/** Serves a folder's files; weights come in odd pieces, as a network would bring them. */
export function folderSource({ name, files }: ModelFolder): ModelSource {
  return {
    id: `test:${name}`,
    readText: (path) => {
      const bytes = files.get(path);
      return Promise.resolve(bytes && new TextDecoder().decode(bytes));
    },
    open: (path, { offsetBytes = 0, signal } = {}) => {
      const bytes = files.get(path);
      if (!bytes) return Promise.resolve(undefined);
      let position = offsetBytes;
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (signal?.aborted) {
            controller.error(signal.reason);
            return;
          }
          if (position >= bytes.length) {
            controller.close();
            return;
          }
          controller.enqueue(bytes.slice(position, (position += streamPieceBytes)));
        },
      });
      return Promise.resolve({ sizeBytes: bytes.length, stream });
    },
  };
}
