/** The rotations of RoPE for the CPU transformer, in f64; written apart from `model/rope.ts`, so that each checks the other. */
import type { RopeConfig, RopeScaling } from '../config/model-config';

/**
 * Radians a position by which each channel pair turns, `[rotaryDim / 2]` (Su et al. 2021, arXiv 2104.09864), stretched
 * as the model was in contexts up to its original one: linear (arXiv 2306.15595), llama3 (the Llama 3.1 release), YaRN (arXiv 2309.00071).
 */
export function ropeFrequencies({ theta, rotaryDim, scaling }: RopeConfig): Float64Array {
  return Float64Array.from({ length: rotaryDim / 2 }, (_, pair) => {
    const frequency = theta ** ((-2 * pair) / rotaryDim);
    switch (scaling.type) {
      case 'none':
        return frequency;
      case 'linear':
        return frequency / scaling.factor;
      case 'llama3': {
        const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling;
        const turns = (originalContext * frequency) / (2 * Math.PI);
        const kept = clamp((turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor));
        return kept * frequency + ((1 - kept) * frequency) / factor;
      }
      case 'longrope':
        return frequency / scaling.shortFactors[pair]!;
      case 'yarn': {
        const stretched = yarnRamp(scaling, theta, rotaryDim, pair);
        return (1 - stretched) * frequency + (stretched * frequency) / scaling.factor;
      }
    }
  });
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** 0 for pairs that turn often enough within the original context to be kept, 1 for those stretched in full. */
function yarnRamp(
  scaling: Extract<RopeScaling, { type: 'yarn' }>,
  theta: number,
  rotaryDim: number,
  pair: number,
): number {
  /** The pair, as a fraction, that makes this many turns in the original context. */
  const pairOf = (turns: number) =>
    (rotaryDim * Math.log(scaling.originalContext / (2 * Math.PI * turns))) / (2 * Math.log(theta));
  const [fast, slow] = [pairOf(scaling.betaFast), pairOf(scaling.betaSlow)];
  const low = Math.max(0, scaling.isTruncated ? Math.floor(fast) : fast);
  const high = Math.min(rotaryDim - 1, scaling.isTruncated ? Math.ceil(slow) : slow);
  return clamp((pair - low) / (high === low ? 0.001 : high - low));
}
