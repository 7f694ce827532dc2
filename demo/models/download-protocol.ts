/** Messages between the model store and its download worker. */
import type { DownloadFailure } from '../../src/source/hub/file-download';
import type { HubFile } from '../../src/source/hub/hub';

/** To the worker: files to fetch into a directory, or the word to stop. */
export type ToDownloader =
  | {
      readonly kind: 'start';
      readonly directory: FileSystemDirectoryHandle;
      readonly files: readonly HubFile[];
      /** Of what is there already, by file name. */
      readonly etags: Readonly<Record<string, string>>;
      readonly retryDelaysMs: readonly number[];
    }
  | { readonly kind: 'stop' };

/** From the worker. */
export type FromDownloader =
  | { readonly kind: 'progress'; readonly loadedBytes: number }
  /** A file's identity, to be kept before its bytes are. */
  | { readonly kind: 'etag'; readonly name: string; readonly etag: string }
  | { readonly kind: 'done' }
  | { readonly kind: 'stopped' }
  | {
      readonly kind: 'failed';
      readonly code: DownloadFailure;
      readonly status?: number;
      readonly message: string;
    };
