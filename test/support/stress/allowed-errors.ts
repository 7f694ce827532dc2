/** Which errors an operation of a scenario may end with: pure. */
import { EngineError, type EngineErrorCode } from '../../../src/util/errors';
import type { Operation, Scenario } from './scenario';

/** What callers abort with. */
export class StressReason extends Error {}

/** What has happened to the engine until now. */
export interface EngineFate {
  readonly isDisposed: boolean;
  readonly isLost: boolean;
  /** The host store has no faults any more. */
  readonly isSound: boolean;
}

/** Whether `error` is the caller's own reason, or a typed error that has its cause in the scenario. */
export function isAllowed(
  error: unknown,
  operation: Operation,
  { faults, recovers, hostPages, hasDisk }: Scenario,
  { isDisposed, isLost, isSound }: EngineFate,
): boolean {
  if (error instanceof StressReason) return true;
  const isAnswer = operation.kind === 'answer';
  const isOnDocument = !isAnswer || operation.request.prompt.kind === 'chat';
  if (error instanceof EngineError) {
    const codes: EngineErrorCode[] = [];
    if (isDisposed) codes.push('disposed');
    if (isLost && (!recovers || operation.kind === 'look')) codes.push('device-lost');
    if (faults.refused > 0 && !isSound) codes.push('storage-quota');
    if (faults.lost > 0 && !isSound) codes.push('storage-lost');
    if (hostPages !== undefined && !hasDisk) codes.push('host-memory');
    if (isAnswer && operation.request.isExact) codes.push('gpu-memory');
    // The smallest contexts do not hold the longest text; without a disk there is no library.
    if (isOnDocument) codes.push('document-busy', 'context-too-long');
    if (isOnDocument && !hasDisk) codes.push('storage-quota');
    return codes.includes(error.code);
  }
  if (error instanceof RangeError) return isOnDocument && error.message.startsWith('There is no document');
  // Another caller has deleted it, or reads it anew.
  return operation.kind === 'add' && error instanceof DOMException && error.name === 'AbortError';
}
