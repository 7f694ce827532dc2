/** What all kinds of answer share: identity, presentation, and one delta out of many. Shapes are in the files beside this one. */
import type { GenerationDelta, GenerationEnd, StepLogprobs } from '../loop/generation';
import { assert } from '../util/assert';
import type { AddedToDelta, AnswerEvent } from './answer-event';
import type { ResponseOptions } from './validate-options';

/** What is the same in an answer and in all its chunks. */
export interface ResponseIdentity {
  id: string;
  /** Seconds since 1970. */
  created: number;
  model: string;
}

/** A new identity, its id beginning with `prefix`. */
export function newResponseIdentity(prefix: 'chatcmpl-' | 'cmpl-', model: string): ResponseIdentity {
  return { id: newId(prefix), created: Math.floor(Date.now() / 1000), model };
}

/** An id that no other answer has, beginning with `prefix`. */
export function newId(prefix: string): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return prefix + Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** A whole answer. */
interface CollectedGeneration<End> {
  text: string;
  tokenIds: number[];
  logprobs: StepLogprobs[] | undefined;
  end: End;
}

/** Waits for all events of a request. @throws what the events throw. */
export async function collectGeneration<Event extends AnswerEvent>(
  events: AsyncIterable<Event>,
): Promise<CollectedGeneration<Extract<Event, { kind: 'end' }>>> {
  const deltas: GenerationDelta[] = [];
  let end: Extract<Event, { kind: 'end' }> | undefined;
  for await (const event of events) {
    if (event.kind === 'delta') deltas.push(event);
    else if (event.kind === 'end') end = event as Extract<Event, { kind: 'end' }>;
  }
  assert(end, 'the events of a request close with its end');
  const hasLogprobs = deltas.some((delta) => delta.logprobs);
  return {
    text: deltas.map((delta) => delta.text).join(''),
    tokenIds: deltas.flatMap((delta) => delta.tokenIds),
    logprobs: hasLogprobs ? deltas.flatMap((delta) => delta.logprobs ?? []) : undefined,
    end,
  };
}

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
  /** False: nobody has measured which heads of this model retrieve, so all of its middle layers were gone by. */
  calibrated: boolean;
  /** Most mass first. */
  passages: AnswerSource[];
}

/** The field of a choice that says where the answer came from; nothing unless asked for. */
export function sourcesOf({ sources }: Pick<GenerationEnd, 'sources'>): { sources?: AnswerSources } {
  if (!sources) return {};
  const passages = sources.passages.map(
    ({ startToken, endToken, documentId, documentTitle, startChar, endChar, text, location, mass }) => ({
      start_token: startToken,
      end_token: endToken,
      ...(documentId !== undefined && { document: documentId, title: documentTitle! }),
      ...(text !== undefined && { start_char: startChar!, end_char: endChar!, text }),
      ...(location !== undefined && { location }),
      mass,
    }),
  );
  return { sources: { calibrated: sources.isCalibrated, passages } };
}

/** Whether a delta has anything that the caller asked for; text that is held back leaves it without. */
export function isWorthAChunk(
  delta: GenerationDelta & { readonly added?: AddedToDelta },
  options: ResponseOptions,
): boolean {
  return (
    delta.text !== '' ||
    delta.added !== undefined ||
    delta.logprobs !== undefined ||
    (options.hasTokenIds && delta.tokenIds.length > 0)
  );
}
