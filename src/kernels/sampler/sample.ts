/** Logits to a token on the GPU: penalties and bias, temperature, top-k, top-p, min-p, a draw, log-probabilities. */
import best from '../../../shaders/sampler/best-token.wgsl';
import blocksShader from '../../../shaders/sampler/sample-blocks.wgsl';
import common from '../../../shaders/sampler/sample-common.wgsl';
import shader from '../../../shaders/sampler/sample.wgsl';
import type { DeviceFeature } from '../../gpu/device';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';

const naive = () => import('../../../shaders/sampler/sample-naive.wgsl');

/** Words of one sequence's row in `settings`: 12 scalars, 4 reserved, 16 end-of-sequence ids. */
export const settingsWords = 32;
/** End-of-sequence ids that a sequence may have. */
export const maxEosIds = 16;
/** Most likely tokens that a row of `results` can name. */
export const maxTopLogprobs = 20;
/** Words of one row of `results`: token, flags, log-probability, number of top tokens, then (id, log-probability) pairs. */
export const resultWords = 4 + 2 * maxTopLogprobs;
/** Largest vocabulary: the sums of masses are sized for it. */
export const maxVocabSize = 2 ** 18;

/** Bits of the word `flags` of `settings`. */
export const settingsFlags = { hasHistory: 1, hasLogprobs: 2 } as const;
/** Bits of the word `flags` of `results`. */
export const resultFlags = { isDone: 1, wasDone: 2, hasLogprobs: 4, isBroken: 8 } as const;
/** Bits of a word of `history`: the low half is the logit bias as f16. */
export const historyBits = {
  seenInPrompt: 0x8000_0000,
  answerCountShift: 16,
  maxAnswerCount: 0x7fff,
} as const;

/** Tokens of one entry of `blocks`. */
const blockTokens = 256;

/** Entries of `blocks` for one row: 8 bytes each. */
export function numVocabBlocks(vocabSize: number): number {
  return ceilDiv(vocabSize, blockTokens);
}

/** Up to here one workgroup of few invocations is soon done with a row. */
const smallVocab = 16_384;

/** Whether `sampleBlocks` goes before `sample`, with WIDE. No result depends on it. */
export function isSamplingWide(vocabSize: number, features: ReadonlySet<DeviceFeature>): boolean {
  return vocabSize > smallVocab && features.has('wide-sampling');
}

/**
 * Constants of `sample`. Each invocation takes a share of the vocabulary, and each costs at every barrier, which a small
 * vocabulary does not repay; on a software adapter a barrier costs most, and so do a workgroup's variables, both at run time and
 * to compile. Digits of 4 bits need few of them, and more walks over the vocabulary.
 */
export function sampleConstants(vocabSize: number, features: ReadonlySet<DeviceFeature>) {
  const WIDE = Number(isSamplingWide(vocabSize, features));
  const isSmall = vocabSize <= smallVocab;
  if (features.has('software')) {
    return isSmall ? { threads: 16, digitBits: 4, WIDE } : { threads: 64, digitBits: 8, WIDE };
  }
  return { threads: isSmall ? 64 : 256, digitBits: 8, WIDE };
}

const bindings = {
  logits: 'read',
  rows: 'read',
  settings: 'read',
  history: 'read_write',
  tokens: 'read_write',
  done: 'read_write',
  results: 'read_write',
  blocks: 'read_write',
} as const;
const params = { rows: 'u32', vocabSize: 'u32' } as const;

/**
 * `logits [rows, vocabSize]` f32, `rows [rows]` (sequence, position, –, –), `settings [sequences, 32]`,
 * `history [sequences, vocabSize]` u32, to `tokens [sequences]`, `done [sequences]` and `results [rows, 44]`.
 * A sequence stands in at most one row. Grid: `flatGrid(rows)`. Constants: `sampleConstants`; `threads` is a power of two, at most
 * 256; `digitBits` 4 or 8; WIDE, 0 or 1: `blocks` holds what `sampleBlocks` gave for the same buffers.
 */
export const sample = {
  name: 'sampler/sample',
  bindings,
  params,
  constants: { threads: 256, digitBits: 8, WIDE: 0 },
  variants: [
    { name: 'portable', sources: [common, best, shader] },
    { name: 'naive', sources: [common, naive] },
  ],
} satisfies KernelSpec;

/**
 * `blocks [rows, numVocabBlocks(vocabSize)]` (adjusted logit f32, token) of the first token in the order of each 256: many
 * workgroups read the logits once, and `sample` then reads few. Bindings as `sample`.
 */
export const sampleBlocks = {
  name: 'sampler/sample-blocks',
  bindings,
  params,
  variants: [{ name: 'portable', sources: [common, best, blocksShader] }],
} satisfies KernelSpec;

/** The grid of `sampleBlocks`. */
export function sampleBlocksGrid(vocabSize: number, numRows: number): Grid {
  return [numVocabBlocks(vocabSize), numRows];
}
