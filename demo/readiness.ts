/** Whether a question can be asked now, and if not, why: pure. */
import type { DocumentState } from '../src/index';

/** How far the document is that questions are about. */
export interface DocumentProgress {
  /** Undefined before anything of it is stored. */
  readonly state: DocumentState | 'reading' | undefined;
  /** Tokens that an answer can come from. */
  readonly numReadTokens: number;
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
