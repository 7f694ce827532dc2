/** Which layers rerank at which step: pure. */
import { ceilDiv } from '../util/math';

/** When sets change. */
export interface RerankOptions {
  /** Decode steps from one rerank to the next. */
  readonly interval: number;
  /** Steps from a rerank to the flip: 1 pauses the sequence while its pages reload, more overlap the two. */
  readonly lag: number;
  /** Layers rerank one after the other within the interval, so that few pages come back at a time, but more often. */
  readonly isStaggered: boolean;
  /** The first step of an answer that may rerank. */
  readonly firstStep: number;
}

/** Layers `[first, end)`. */
export interface LayerRange {
  readonly first: number;
  readonly end: number;
}

/**
 * The first step of an answer that may rerank, counted from 1. A set that is chosen by the latest `rerankQueries` queries waits for
 * half of them: the prompt's end chose by more than the first steps have.
 */
export function firstRerankStep(interval: number, rerankQueries: number): number {
  return Math.max(1, Math.floor(Math.min(interval, rerankQueries) / 2));
}

/** The most steps from the end of a prompt, or from a rerank, to the flip of the rerank after it. */
export function longestTail({ interval, lag, firstStep }: RerankOptions): number {
  return firstStep - 1 + interval + lag;
}

/**
 * The layers that rerank at the step that processes the token at `position`; undefined where none does. Without stagger all of them do
 * at every multiple of the interval. It depends on positions, and so on nothing but the request itself, and conversations of different
 * lengths rerank at different steps.
 */
export function layersAt(
  position: number,
  numLayers: number,
  { interval, isStaggered }: Pick<RerankOptions, 'interval' | 'isStaggered'>,
): LayerRange | undefined {
  const phase = position % interval;
  if (!isStaggered) return phase === 0 ? { first: 0, end: numLayers } : undefined;
  // Layer l has the phase floor(l · interval / numLayers).
  const first = ceilDiv(phase * numLayers, interval);
  const end = ceilDiv((phase + 1) * numLayers, interval);
  return first < end ? { first, end } : undefined;
}
