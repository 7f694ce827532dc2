/** Which layers rerank at which step: pure. */

/** When sets change. */
export interface RerankOptions {
  /** Decode steps from one rerank to the next. */
  readonly interval: number;
  /** Steps from a rerank to the flip: 1 pauses the sequence while its pages reload, more overlap the two. */
  readonly lag: number;
  /** Layers rerank one after the other within the interval, so that few pages come back at a time, but more often. */
  readonly isStaggered: boolean;
}

/** Layers `[first, end)`. */
export interface LayerRange {
  readonly first: number;
  readonly end: number;
}

/** The layers that rerank at a step, without stagger all of them at every `interval`-th; undefined where none does. */
export function layersOfStep(
  step: number,
  numLayers: number,
  { interval, isStaggered }: Pick<RerankOptions, 'interval' | 'isStaggered'>,
): LayerRange | undefined {
  const phase = step % interval;
  if (!isStaggered) return phase === 0 ? { first: 0, end: numLayers } : undefined;
  // Layer l has the phase floor(l · interval / numLayers).
  const first = Math.ceil((phase * numLayers) / interval);
  const end = Math.ceil(((phase + 1) * numLayers) / interval);
  return first < end ? { first, end } : undefined;
}
