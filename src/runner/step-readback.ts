/** The end of a submission: its rows are sampled, and whatever comes back from it does so in one read-back slot. */
import { listTargets } from '../cache/cache-layout';
import type { KvCache } from '../cache/kv-cache';
import { pagesFor } from '../cache/page';
import type { GpuBuffer } from '../gpu/buffer';
import type { Device } from '../gpu/device';
import type { ReadbackRing, ReadbackSlot } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import type { Activations } from '../graph/activations';
import { decodeResults, resultBytesPerRow, type SampledToken } from '../sampler/results';
import type { Sampler } from '../sampler/sampler';
import { selectionBytes } from './memory-plan';
import type { Reranker } from './reranker';
import type { Observation } from '../stability/stability-observer';

/** What comes back from a step besides its tokens. */
export interface StepResults {
  /** Sequences whose stable heads have selected, at a context of `numTokens` tokens. */
  readonly selecting: readonly { readonly sequence: number; readonly numTokens: number }[];
  readonly observed?: ObservedRow | undefined;
  /** Masses of the pages of `numTokens` tokens, of result row `row`. */
  readonly masses: readonly {
    readonly row: number;
    readonly source: GpuBuffer;
    readonly offsetBytes: number;
    readonly numTokens: number;
  }[];
}

/** The row of a step whose heads are looked at. */
export interface ObservedRow {
  readonly sequence: number;
  readonly observation: Observation;
}

/** What a step's end works on. */
export interface StepReadbackParts {
  readonly device: Device;
  readonly cache: KvCache;
  readonly activations: Activations;
  readonly recorder: Recorder;
  readonly sampler: Sampler;
  readonly readbacks: ReadbackRing;
  readonly reranker: Reranker | undefined;
}

/** Samples and reads back; what was selected goes on to the reranker and the observer. */
export class StepReadback {
  readonly #parts: StepReadbackParts;

  constructor(parts: StepReadbackParts) {
    this.#parts = parts;
  }

  /**
   * Records the sampling of `numRows` rows of logits, submits, and reads the step's one slot: the tokens, then what the
   * stable heads of `selecting` have selected, then what all heads of `observed` would, then the page masses of some rows.
   * @throws EngineError `device-lost`
   */
  async submit(numRows: number, { selecting, observed, masses }: StepResults): Promise<SampledToken[]> {
    const { device, cache, activations, recorder, sampler, readbacks, reranker } = this.#parts;
    const { logits, rows } = activations;
    sampler.record(recorder, { logits, rows, numRows });
    const slot = readbacks.acquire();
    const resultBytes = numRows * resultBytesPerRow;
    const perSequence = selectionBytes(cache.shape);
    const observedOffset = resultBytes + selecting.length * perSequence;
    recorder.copy(sampler.results, 0, slot.buffer, 0, resultBytes);
    const turns = selecting.map(({ sequence }, i) => {
      this.#recordLists(listTargets.selected, sequence, slot.buffer, resultBytes + i * perSequence);
      return reranker!.turnOf(sequence)!;
    });
    if (observed) this.#recordLists(listTargets.observed, observed.sequence, slot.buffer, observedOffset);
    let sizeBytes = observedOffset + (observed ? perSequence : 0);
    const massParts = masses.map(({ row, source, offsetBytes, numTokens }) => {
      const numPages = pagesFor(numTokens);
      const start = sizeBytes;
      recorder.copy(source, offsetBytes, slot.buffer, start, 4 * numPages);
      sizeBytes += 4 * numPages;
      return { row, start, numPages };
    });
    recorder.submit();
    const results = await slot.read(sizeBytes);
    device.throwIfFailed();
    turns.forEach((turn, i) => {
      const words = new Uint32Array(results, resultBytes + i * perSequence, perSequence / 4);
      reranker!.receive(recorder, turn, words, selecting[i]!.numTokens);
    });
    observed?.observation(new Uint32Array(results, observedOffset, perSequence / 4));
    const tokens = decodeResults(results, numRows);
    for (const { row, start, numPages } of massParts) {
      tokens[row] = { ...tokens[row]!, pageMasses: new Float32Array(results, start, numPages) };
    }
    return tokens;
  }

  /** Records the copy of a target's lists of all heads of a sequence into a read-back slot. */
  #recordLists(
    listTarget: number,
    sequence: number,
    target: ReadbackSlot['buffer'],
    offsetBytes: number,
  ): void {
    const { cache, recorder } = this.#parts;
    const { numLayers, numSequences, numKvHeads, pagesPerHead } = cache.shape;
    const bytesPerLayer = 4 * numKvHeads * pagesPerHead;
    for (let layer = 0; layer < numLayers; layer++) {
      const source = ((listTarget * numLayers + layer) * numSequences + sequence) * bytesPerLayer;
      recorder.copy(cache.lists, source, target, offsetBytes + layer * bytesPerLayer, bytesPerLayer);
    }
  }
}
