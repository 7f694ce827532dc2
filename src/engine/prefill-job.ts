/** A prompt on its way through the model: which segment it is in, and the recording that is cut into slices. */
import type { Recorder } from '../gpu/recorder';
import type { ModelConfig } from '../model/model-config';
import type { Cost, PrefillGraph } from '../model/prefill-graph';
import { largestRowCost, nextSegment, tokenCost, type Segment } from '../model/prefill-plan';
import type { Pace } from './pace';

/** What a job needs besides its prompt. */
export interface PrefillContext {
  readonly graph: PrefillGraph;
  readonly config: ModelConfig;
  readonly pace: Pace;
  readonly tileTokens: number;
  readonly maxChunkTokens: number;
}

/** Prompt tokens `[start, end)` of one sequence. */
export class PrefillJob {
  readonly #context: PrefillContext;
  readonly #sequence: number;
  readonly #ids: readonly number[];
  #position: number;
  #current: { readonly segment: Segment; readonly recording: Generator<Cost, void> } | undefined;

  constructor(context: PrefillContext, sequence: number, ids: readonly number[], start: number) {
    this.#context = context;
    this.#sequence = sequence;
    this.#ids = ids;
    this.#position = start;
  }

  /** Tokens whose KV is recorded through all layers: where the prefill resumes. */
  get position(): number {
    return this.#position;
  }

  get isDone(): boolean {
    return this.#position === this.#ids.length;
  }

  /** Records work of about one submission, at most to the end of a segment. Returns its cost. */
  recordSlice(recorder: Recorder): Cost {
    const { pace } = this.#context;
    this.#current ??= this.#begin(recorder);
    const { segment, recording } = this.#current;
    let cost = 0;
    while (cost < pace.sliceCost) {
      const step = recording.next();
      if (step.done) {
        this.#position = segment.end;
        this.#current = undefined;
        break;
      }
      cost += step.value;
    }
    return cost;
  }

  #begin(recorder: Recorder) {
    const { graph, config, pace, tileTokens, maxChunkTokens } = this.#context;
    const maxTokens = pace.segmentTokens(tokenCost(config, this.#position));
    const segment = nextSegment(this.#position, this.#ids.length, tileTokens, maxTokens);
    const ids = this.#ids.slice(segment.start, segment.end);
    const chunkTokens = pace.chunkTokens(largestRowCost(config), maxChunkTokens);
    return { segment, recording: graph.record(recorder, this.#sequence, segment, ids, chunkTokens) };
  }
}
