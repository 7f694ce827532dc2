/** What all kinds of answer share: identity, presentation, and one delta out of many. Shapes are in the files beside this one. */
import type { GenerationDelta, GenerationEnd, StepLogprobs } from '../loop/generation';
import { assert } from '../util/assert';
import { fetched } from '../util/fetched';
import type { AddedToDelta, AnswerEvent } from './answer-event';
import type { AnswerSources } from './answer-sources';
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

/** The field of a choice that says where the answer came from; nothing unless asked for. Its shape is a part on demand. */
export async function sourcesOf({
  sources,
}: Pick<GenerationEnd, 'sources'>): Promise<{ sources?: AnswerSources }> {
  if (!sources) return {};
  const { answerSources } = await fetched(import('./answer-sources'));
  return { sources: answerSources(sources) };
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
