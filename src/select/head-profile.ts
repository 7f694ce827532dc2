/** Which KV heads keep looking at the same pages, as measured for a model: the file format and the choice by share. */
import { HeadSet } from '../cache/head-set';
import { EngineError } from '../util/errors';
import { electUnstableHeads } from './stability';

/** Stability of a model's KV heads, as `npm run profile` measures it. */
export interface HeadProfile {
  readonly version: 1;
  /** What it was measured on: a model source's id. */
  readonly modelId: string;
  readonly numLayers: number;
  readonly numKvHeads: number;
  /** Pages per head and steps per chunk of the measurement. */
  readonly pagesPerHead: number;
  readonly window: number;
  /** How it was measured, in a sentence: texts, lengths, steps. */
  readonly measuredOn: string;
  /** `[chunks][layers · kvHeads]`, TS of every head, layer by layer. */
  readonly stability: readonly (readonly number[])[];
  /** `[64]`: mean overlap over all heads at 1 … 64 steps' distance; null where no pair was measured. */
  readonly overlapByOffset: readonly (number | null)[];
}

/** The `share` (0 … 1) of a model's heads that a profile finds least stable. */
export function unstableHeads(profile: HeadProfile, share: number): HeadSet {
  const { numLayers, numKvHeads, stability } = profile;
  const numUnstable = Math.round(share * numLayers * numKvHeads);
  return new HeadSet(numLayers, numKvHeads, electUnstableHeads(stability, numUnstable));
}

/** Without a profile: the same share in every layer, its first heads. */
export function unstableHeadsUnmeasured(numLayers: number, numKvHeads: number, share: number): HeadSet {
  const perLayer = Math.round(share * numKvHeads);
  const heads = Array.from({ length: numLayers }, (_, layer) =>
    Array.from({ length: perLayer }, (_, kvHead) => layer * numKvHeads + kvHead),
  );
  return new HeadSet(numLayers, numKvHeads, heads.flat());
}

/**
 * Checks a profile from a file against the model that it is meant for.
 * @throws EngineError `model-unsupported` naming what does not fit
 */
export function parseHeadProfile(value: unknown, numLayers: number, numKvHeads: number): HeadProfile {
  const refuse = (reason: string) =>
    new EngineError('model-unsupported', `The head profile cannot be used: ${reason}.`);
  if (typeof value !== 'object' || value === null) throw refuse('it is not an object');
  const profile = value as HeadProfile;
  if (profile.version !== 1) throw refuse(`its version is ${String(profile.version)}, not 1`);
  if (profile.numLayers !== numLayers || profile.numKvHeads !== numKvHeads) {
    throw refuse(
      `it is for ${profile.numLayers} layers of ${profile.numKvHeads} KV heads; the model has ${numLayers} of ${numKvHeads}`,
    );
  }
  const isStability = (row: unknown) =>
    Array.isArray(row) &&
    row.length === numLayers * numKvHeads &&
    row.every((ts) => typeof ts === 'number' && ts >= 0 && ts <= 1);
  if (
    !Array.isArray(profile.stability) ||
    profile.stability.length === 0 ||
    !profile.stability.every(isStability)
  ) {
    throw refuse('its stability is no list of values in [0, 1] for every head');
  }
  return profile;
}
