/** Rotary position embedding on the host: frequencies and the table of rotations that kernels read. Pure. */
import { ceilDiv } from '../util/math';
import type { RopeConfig, RopeScaling } from './rope-config';

/** Positions that the table lists one by one; beyond them it lists every 256th. */
const numLowPositions = 256;

/**
 * `[rotaryDim / 2]` radians per position of each channel pair, `theta^(-2i / rotaryDim)` (Su et al. 2021, arXiv
 * 2104.09864), stretched as the configuration says for sequences of up to `contextTokens`.
 */
export function inverseFrequencies(
  { theta, rotaryDim, scaling }: RopeConfig,
  contextTokens = 0,
): Float64Array<ArrayBuffer> {
  const stretch = stretchOf(scaling, theta, rotaryDim, contextTokens);
  return Float64Array.from({ length: rotaryDim / 2 }, (_, pair) =>
    stretch(theta ** ((-2 * pair) / rotaryDim), pair),
  );
}

/** What cosines and sines are multiplied by: 1 but for YaRN and LongRoPE. */
export function ropeAttentionFactor({ scaling }: RopeConfig): number {
  return 'attentionFactor' in scaling ? scaling.attentionFactor : 1;
}

/**
 * `[256 + ceil(maxContext / 256), rotaryDim / 2, 2]`: (cos, sin) of positions 0…255, then of 0, 256, 512, …; the rotation of
 * a position is the product of one of each. The attention factor is in the first 256 rows only, so that the product
 * has it once.
 */
export function ropeTable(rope: RopeConfig, maxContext: number): Float32Array<ArrayBuffer> {
  const frequencies = inverseFrequencies(rope, maxContext);
  const numRows = numLowPositions + ceilDiv(maxContext, numLowPositions);
  const table = new Float32Array(numRows * rope.rotaryDim);
  const attentionFactor = ropeAttentionFactor(rope);
  for (let row = 0; row < numRows; row++) {
    const isLow = row < numLowPositions;
    const position = isLow ? row : (row - numLowPositions) * numLowPositions;
    const factor = isLow ? attentionFactor : 1;
    for (let pair = 0; pair < frequencies.length; pair++) {
      const angle = position * frequencies[pair]!;
      const index = row * rope.rotaryDim + 2 * pair;
      table[index] = factor * Math.cos(angle);
      table[index + 1] = factor * Math.sin(angle);
    }
  }
  return table;
}

/** Bytes of `ropeTable`. */
export function ropeTableBytes(rope: RopeConfig, maxContext: number): number {
  return 4 * (numLowPositions + ceilDiv(maxContext, numLowPositions)) * rope.rotaryDim;
}

type Stretch = (frequency: number, pair: number) => number;

function stretchOf(scaling: RopeScaling, theta: number, rotaryDim: number, contextTokens: number): Stretch {
  switch (scaling.type) {
    case 'none':
      return (frequency) => frequency;
    case 'linear':
      return (frequency) => frequency / scaling.factor;
    case 'llama3':
      return llama3Stretch(scaling);
    case 'yarn':
      return yarnStretch(scaling, theta, rotaryDim);
    case 'longrope': {
      const { shortFactors, longFactors, originalContext } = scaling;
      const factors = contextTokens > originalContext ? longFactors : shortFactors;
      return (frequency, pair) => frequency / factors[pair]!;
    }
  }
}

/**
 * Llama 3.1: long waves are stretched in full, short ones not at all, those between by degrees
 * (`_compute_llama3_parameters` of transformers).
 */
function llama3Stretch(scaling: RopeScaling & { type: 'llama3' }): Stretch {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  return (frequency) => {
    const numTurns = (originalContext * frequency) / (2 * Math.PI);
    const kept = Math.min(Math.max((numTurns - low) / (high - low), 0), 1);
    return kept * frequency + ((1 - kept) * frequency) / factor;
  };
}

/**
 * YaRN's NTK-by-parts (Peng et al. 2023, arXiv 2309.00071, section 3.2): a ramp over channel pairs between those that turn
 * `betaFast` and `betaSlow` times within the original context.
 */
function yarnStretch(scaling: RopeScaling & { type: 'yarn' }, theta: number, rotaryDim: number): Stretch {
  const { factor, originalContext, betaFast, betaSlow, isTruncated } = scaling;
  const pairThatTurns = (numTurns: number) =>
    (rotaryDim * Math.log(originalContext / (numTurns * 2 * Math.PI))) / (2 * Math.log(theta));
  const first = pairThatTurns(betaFast);
  const last = pairThatTurns(betaSlow);
  const low = Math.max(isTruncated ? Math.floor(first) : first, 0);
  const high = Math.min(isTruncated ? Math.ceil(last) : last, rotaryDim - 1);
  const width = high === low ? 0.001 : high - low;
  return (frequency, pair) => {
    const stretched = Math.min(Math.max((pair - low) / width, 0), 1);
    return (stretched * frequency) / factor + (1 - stretched) * frequency;
  };
}
