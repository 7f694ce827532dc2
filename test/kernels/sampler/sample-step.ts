/** One sampling step as buffers for the kernel and as data for its CPU twin, from one description. */
import { flatGrid } from '../../../src/gpu/recorder';
import {
  resultFlags,
  resultWords,
  sample,
  sampleBlocks,
  sampleBlocksGrid,
  sampleConstants,
} from '../../../src/kernels/sampler/sample';
import { sample as reference, type ReferenceSettings } from '../../../src/reference/sampler/sample';
import { sampleBlocks as referenceBlocks } from '../../../src/reference/sampler/sample-blocks';
import { encodeHistory, type HistoryStart } from '../../../src/sampler/history';
import { encodeSamplerSettings, needsHistory, type SamplerSettings } from '../../../src/sampler/settings';
import type { KernelCase } from '../harness';

/** One row of a step: the settings of its sequence and what the model gave for it. */
export interface StepRow {
  readonly settings: SamplerSettings;
  readonly start?: HistoryStart;
  /** Tokens of the answer so far. */
  readonly answer?: readonly number[];
  readonly position?: number;
  readonly logits: Float32Array;
  /** The sequence ended before, with this token. */
  readonly doneWith?: number;
}

/** The blocks of the same step, as `sampleBlocks` gives them. */
export function blocksCase(title: string, stepRows: readonly StepRow[]): KernelCase {
  const { constants: _constants, ...whole } = sampleCase(title, stepRows, [], true);
  const { vocabSize, rows } = whole.params;
  const blocks = whole.buffers['blocks']!;
  return {
    ...whole,
    spec: sampleBlocks,
    buffers: { ...whole.buffers, blocks: new Uint32Array(blocks.length) },
    grid: sampleBlocksGrid(vocabSize!, rows!),
    expected: () => ({ blocks }),
  };
}

/** Row i belongs to sequence numRows − i: the two never agree by accident. Sequence 0 is not in the step. */
export function sampleCase(
  title: string,
  stepRows: readonly StepRow[],
  eosIds: readonly number[] = [],
  isWide = false,
): KernelCase {
  const numRows = stepRows.length;
  const vocabSize = stepRows[0]!.logits.length;
  const numSequences = numRows + 1;
  const logits = new Float32Array(numRows * vocabSize);
  const rows = new Uint32Array(4 * numRows);
  const settings = new Uint32Array(32 * numSequences);
  const history = new Uint32Array(numSequences * vocabSize);
  const tokens = new Uint32Array(numSequences).fill(77);
  const done = new Uint32Array(numSequences);
  const plain: ReferenceSettings[] = [];
  stepRows.forEach((row, index) => {
    const sequence = numRows - index;
    logits.set(row.logits, index * vocabSize);
    rows.set([sequence, row.position ?? index, 0, 0], 4 * index);
    const hasHistory = needsHistory(row.settings, (row.start?.logitBias?.length ?? 0) > 0);
    settings.set(encodeSamplerSettings(row.settings, { eosIds, hasHistory }), 32 * sequence);
    history.set(encodeHistory(vocabSize, row.start ?? {}), sequence * vocabSize);
    for (const token of row.answer ?? []) history[sequence * vocabSize + token]! += 0x10000;
    if (row.doneWith !== undefined) {
      tokens[sequence] = row.doneWith;
      done[sequence] = 1;
    }
    plain[sequence] = {
      temperature: 0,
      topK: 0,
      topP: 1,
      minP: 0,
      repetitionPenalty: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
      seed: 0,
      ...row.settings,
      eosIds: row.settings.ignoreEos ? [] : eosIds,
      hasHistory,
    };
  });
  const results = new Uint32Array(numRows * resultWords);
  const before = { vocabSize, logits, rows, settings: plain };
  const blocks = isWide ? referenceBlocks({ ...before, history, tokens, done }) : new Uint32Array(2);
  return {
    title,
    spec: sample,
    // Those of the adapter that the gate has; the sampler's own tests take this device's.
    constants: { ...sampleConstants(vocabSize, new Set(['software'])), WIDE: Number(isWide) },
    buffers: { logits, rows, settings, history, tokens, done, results, blocks },
    params: { rows: numRows, vocabSize },
    grid: flatGrid(numRows),
    expected: () => {
      const after = { history: history.slice(), tokens: tokens.slice(), done: done.slice() };
      const sampled = reference({ ...before, ...after });
      const words = results.slice();
      const floats = new Float32Array(words.buffer);
      sampled.forEach(({ tokenId, isDone, wasDone, isBroken, logprobs }, row) => {
        const start = row * resultWords;
        words[start] = tokenId;
        words[start + 1] =
          (isDone ? resultFlags.isDone : 0) |
          (wasDone ? resultFlags.wasDone : 0) |
          (logprobs ? resultFlags.hasLogprobs : 0) |
          (isBroken ? resultFlags.isBroken : 0);
        if (!logprobs) return;
        floats[start + 2] = logprobs.chosen;
        words[start + 3] = logprobs.top.length;
        logprobs.top.forEach(({ tokenId: id, logprob }, i) => {
          words[start + 4 + 2 * i] = id;
          floats[start + 5 + 2 * i] = logprob;
        });
      });
      return { ...after, results: words };
    },
    tolerance: { absolute: 0 },
  };
}
