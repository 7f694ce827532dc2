/** What went wrong with a download, as a person reads it. */
import { EngineError } from '../../util/errors';
import type { DownloadError } from './file-download';
import { describeStatus, type HubModel } from './hub';

/** The error that a download of `model` ends with. */
export function describeFailure(
  { repository }: HubModel,
  { code, status, message }: DownloadError,
): EngineError {
  switch (code) {
    case 'status':
      return new EngineError('network', describeStatus(status!, `file ${message} of ${repository}`));
    case 'connection':
      return new EngineError(
        'network',
        status === undefined
          ? `The connection broke off (${message}). What has arrived is kept: go on when you are online again.`
          : describeStatus(status, repository),
      );
    case 'redirect':
      return new EngineError(
        'network',
        `The hub sends those who ask for ${repository} to ${message}, which is none of its stores.`,
      );
    case 'size':
      return new EngineError(
        'weights-corrupt',
        `${message} of ${repository} has another size than the hub says. Download it again.`,
      );
    case 'quota':
      return new EngineError(
        'storage-quota',
        `The disk is full, or this page's share of it (${message}). Delete models or documents, then go on.`,
      );
    case 'storage':
      return new EngineError(
        'storage-quota',
        `The browser could not write the model to the disk (${message}).`,
      );
  }
}
