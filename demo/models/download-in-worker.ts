/** Downloads in a worker: what a page's store fetches files with. */
import { EngineError } from '../../src/index';
import { DownloadError } from '../../src/source/hub/file-download';
import type { FetchFiles } from '../../src/source/hub/model-store';
import type { FromDownloader, ToDownloader } from './download-protocol';

/** Runs the worker to its end; resolves when all files are there. */
export const downloadInWorker: FetchFiles = async (directory, files, options) => {
  const { signal, onProgress, onEtag, etags, retryDelaysMs } = options;
  const worker = new Worker(new URL('./download-worker.ts', import.meta.url), {
    type: 'module',
    name: 'model download',
  });
  const send = (message: ToDownloader) => worker.postMessage(message);
  const stop = () => send({ kind: 'stop' });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onerror = ({ message }) =>
        reject(
          new EngineError(
            'network',
            `The download could not begin: ${message || 'its script did not load'}.`,
          ),
        );
      worker.onmessage = ({ data }: MessageEvent<FromDownloader>) => {
        switch (data.kind) {
          case 'progress':
            onProgress(data.loadedBytes);
            break;
          case 'etag':
            onEtag(data.name, data.etag);
            break;
          case 'done':
            resolve();
            break;
          case 'stopped':
            reject(signal.reason);
            break;
          case 'failed':
            reject(new DownloadError(data.code, data.message, data.status));
        }
      };
      signal.addEventListener('abort', stop, { once: true });
      send({ kind: 'start', directory, files, etags, retryDelaysMs });
      if (signal.aborted) stop();
    });
  } finally {
    signal.removeEventListener('abort', stop);
    worker.terminate();
  }
};
