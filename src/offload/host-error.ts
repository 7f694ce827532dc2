/** Which errors the tiers outside the GPU make. */
import { EngineError } from '../util/errors';

/** `network`: what keeps pages on the disk could not be fetched. */
const hostCodes: readonly string[] = [
  'host-memory',
  'storage-quota',
  'storage-lost',
  'document-damaged',
  'network',
];

/** Whether an error is about the tiers outside the GPU alone: what it fails is the request whose pages they are. */
export function isHostError(error: unknown): error is EngineError {
  return error instanceof EngineError && hostCodes.includes(error.code);
}
