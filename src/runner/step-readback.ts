/** The end of a submission: its rows are sampled, and whatever comes back from it does so in one read-back slot. */
import type { Device } from '../gpu/device';
import type { ReadbackRing } from '../gpu/readback';
import type { Recorder } from '../gpu/recorder';
import type { Activations } from '../graph/activations';
import { decodeResults, resultBytesPerRow, type SampledToken } from '../sampler/results';
import type { Sampler } from '../sampler/sampler';
import { assert } from '../util/assert';
import type { StepReturn } from './step-rider';

/** What a step's end works on. */
interface StepReadbackParts {
  readonly device: Device;
  readonly activations: Activations;
  readonly recorder: Recorder;
  readonly sampler: Sampler;
  readonly readbacks: ReadbackRing;
}

/** Samples and reads back; what is not a token goes on to whose it is. */
export class StepReadback {
  readonly #parts: StepReadbackParts;

  constructor(parts: StepReadbackParts) {
    this.#parts = parts;
  }

  /**
   * Records the sampling of `numRows` rows of logits, submits, and reads the step's one slot: the tokens, then `returns`.
   * @throws EngineError `device-lost`
   */
  async submit(numRows: number, returns: readonly StepReturn[]): Promise<SampledToken[]> {
    const { device, activations, recorder, sampler, readbacks } = this.#parts;
    const { logits, rows } = activations;
    sampler.record(recorder, { logits, rows, numRows });
    const slot = readbacks.acquire();
    let sizeBytes = 0;
    const copy = (source: StepReturn['parts'][number]['source'], offsetBytes: number, partBytes: number) => {
      recorder.copy(source, offsetBytes, slot.buffer, sizeBytes, partBytes);
      sizeBytes += partBytes;
    };
    copy(sampler.results, 0, numRows * resultBytesPerRow);
    const starts = returns.map(({ parts }) => {
      const start = sizeBytes;
      for (const part of parts) copy(part.source, part.offsetBytes, part.sizeBytes);
      return start;
    });
    assert(sizeBytes <= readbacks.slotBytes, `${sizeBytes} bytes come back in ${readbacks.slotBytes}`);
    recorder.submit();
    const results = await slot.read(sizeBytes);
    device.throwIfFailed();
    returns.forEach((back, i) => {
      const end = starts[i + 1] ?? sizeBytes;
      back.receive(new Uint32Array(results, starts[i], (end - starts[i]!) / 4));
    });
    return decodeResults(results, numRows);
  }
}
