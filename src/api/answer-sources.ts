/** Where an answer came from, as a choice says it. */
import type { Sources } from '../loop/generation';

/** A passage that an answer came from. */
export interface AnswerSource {
  /** Tokens of the prompt, half-open. */
  start_token: number;
  end_token: number;
  /** With `documents`: the id and the title of the one that it is of. */
  document?: string;
  title?: string;
  /** Characters of the document or the plain prompt, half-open, as JavaScript counts them; absent for token ids. */
  start_char?: number;
  end_char?: number;
  /** Those characters. */
  text?: string;
  /** Where most of it stands, as the document's map says: a page, a chapter, a heading. */
  location?: string;
  /** Share of the attention that went to it beyond an even one, 0 to 1. */
  mass: number;
}

/** Where an answer came from. */
export interface AnswerSources {
  /** False: nobody has measured which heads of this model retrieve, so all of its middle layers were used. */
  calibrated: boolean;
  /** Most mass first. */
  passages: AnswerSource[];
}

/** In the shape of a choice's field. */
export function answerSources({ passages, isCalibrated }: Sources): AnswerSources {
  return {
    calibrated: isCalibrated,
    passages: passages.map(
      ({ startToken, endToken, documentId, documentTitle, startChar, endChar, text, location, mass }) => ({
        start_token: startToken,
        end_token: endToken,
        ...(documentId !== undefined && { document: documentId, title: documentTitle! }),
        ...(text !== undefined && { start_char: startChar!, end_char: endChar!, text }),
        ...(location !== undefined && { location }),
        mass,
      }),
    ),
  };
}
