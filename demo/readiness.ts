/** How far a document is, and whether a question can be asked now, and if not, why: pure. */
import type { DocumentInfo, DocumentState } from '../src/index';
import type { DocumentPart } from './conversation';
import type { CurrentReading } from './reading';

/** How far the document is that questions are about. */
export interface DocumentProgress {
  /** Undefined before anything of it is stored. */
  readonly state: DocumentState | 'reading' | undefined;
  /** Tokens that an answer can come from. */
  readonly numReadTokens: number;
}

/** How far a document is. @param reading while it is read */
export function progressOf(
  entry: DocumentInfo | undefined,
  reading: CurrentReading | undefined,
): DocumentProgress {
  if (reading) return { state: 'reading', numReadTokens: reading.progress?.numReadTokens ?? 0 };
  return { state: entry?.state, numReadTokens: entry?.numReadTokens ?? 0 };
}

/** How much of a document questions are answered from; undefined for one that is read to its end. @param reading while it is read */
export function partOf(
  entry: DocumentInfo | undefined,
  reading: CurrentReading | undefined,
): DocumentPart | undefined {
  const { numReadTokens = 0, numTokens = 0 } = (reading ? reading.progress : entry) ?? {};
  return numReadTokens < numTokens ? { numReadTokens, numTokens } : undefined;
}

/**
 * Why no question can be asked, as it stands where one would be typed; undefined when one can.
 * @param document undefined for a chat without one
 */
export function whyNotReady(hasModel: boolean, document: DocumentProgress | undefined): string | undefined {
  if (!hasModel) return 'The model is not loaded yet';
  if (!document) return undefined;
  const { state, numReadTokens } = document;
  if (state === 'damaged' || state === 'foreign') return 'Read the document again first';
  if (state === 'complete' || (state && numReadTokens > 0)) return undefined;
  return state === 'reading' ? 'The first part is still being read' : 'Nothing of the document is read yet';
}
