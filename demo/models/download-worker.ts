/** Downloads a model for the page: a worker, because only there what is written stays when the page goes. */
import { DownloadError, fetchFiles } from '../../src/source/hub/file-download';
import type { FromDownloader, ToDownloader } from './download-protocol';

const post = (message: FromDownloader) => self.postMessage(message);
const stopping = new AbortController();
const { signal } = stopping;

self.onmessage = async ({ data }: MessageEvent<ToDownloader>) => {
  if (data.kind === 'stop') {
    stopping.abort();
    return;
  }
  const { directory, files, etags, retryDelaysMs } = data;
  try {
    await fetchFiles(directory, files, {
      etags,
      retryDelaysMs,
      signal,
      onProgress: (loadedBytes) => post({ kind: 'progress', loadedBytes }),
      onEtag: (name, etag) => post({ kind: 'etag', name, etag }),
    });
    post({ kind: 'done' });
  } catch (error) {
    if (signal.aborted) post({ kind: 'stopped' });
    else if (error instanceof DownloadError) {
      const { code, message, status } = error;
      post({ kind: 'failed', code, message, ...(status !== undefined && { status }) });
    } else post({ kind: 'failed', code: 'storage', message: String(error) });
  }
};
