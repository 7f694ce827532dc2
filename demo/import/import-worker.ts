/** Imports one document, away from the page; it is gone with its worker when the import is stopped. */
import { ImportError } from './import-error';
import type { ImportReply, ImportRequest } from './import-protocol';
import { readDocument, readPasted } from './read-document';

const send = (reply: ImportReply) => {
  postMessage(reply);
};

async function read(request: ImportRequest): Promise<ImportReply> {
  try {
    const document =
      request.kind === 'text'
        ? readPasted(request.text, request.title)
        : await readDocument(request.source, {
            ...request.choices,
            onProgress: (progress) => send({ kind: 'progress', progress }),
          });
    return { kind: 'done', document };
  } catch (error) {
    if (error instanceof ImportError) {
      const { code, message, step, hasPassword } = error;
      return { kind: 'refused', code, message, step, hasPassword };
    }
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

addEventListener('message', (event: MessageEvent<ImportRequest>) => {
  void read(event.data).then(send);
});
