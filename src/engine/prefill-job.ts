/** A prompt on its way through the model: which segment it is in, and the recording that is cut into slices. */
import type { Recorder } from '../gpu/recorder';
import { assert } from '../util/assert';
import type { ModelConfig } from '../model/model-config';
import type { Cost, PrefillGraph, PrefillStep } from '../model/prefill-graph';
import type { HostWait } from '../model/tile-traffic';
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
  readonly sequence: number;
  readonly #ids: readonly number[];
  readonly #isSelecting: boolean;
  #position: number;
  #isWaiting = false;
  #current: { readonly segment: Segment; readonly recording: Generator<PrefillStep, void> } | undefined;

  /** @param isSelecting whether the last token selects what heads attend */
  constructor(
    context: PrefillContext,
    sequence: number,
    ids: readonly number[],
    start: number,
    isSelecting: boolean,
  ) {
    this.#context = context;
    this.sequence = sequence;
    this.#isSelecting = isSelecting;
    this.#ids = ids;
    this.#position = start;
  }

  /** Tokens whose KV is recorded through all layers: where the prefill resumes. */
  get position(): number {
    return this.#position;
  }

  /** Tokens of the prompt. */
  get numTokens(): number {
    return this.#ids.length;
  }

  /** Whether the next slice must wait for the host. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  get isSelecting(): boolean {
    return this.#isSelecting;
  }

  get isDone(): boolean {
    return this.#position === this.#ids.length;
  }

  /**
   * Records work of about one submission, at most to the end of a segment and to where something is needed from the host:
   * then the job is waiting, and the caller calls `wait` once this slice is submitted, and awaits it before the next.
   */
  recordSlice(recorder: Recorder): { readonly cost: Cost; readonly wait: HostWait | undefined } {
    assert(!this.#isWaiting, 'a waiting prefill records nothing');
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
      if (typeof step.value === 'function') {
        this.#isWaiting = true;
        const wait = step.value;
        return { cost, wait: () => this.#waitFor(wait) };
      }
      cost += step.value;
    }
    return { cost, wait: undefined };
  }

  async #waitFor(wait: HostWait): Promise<void> {
    try {
      await wait();
    } finally {
      this.#isWaiting = false;
    }
  }

  #begin(recorder: Recorder) {
    const { graph, config, pace, tileTokens, maxChunkTokens } = this.#context;
    const maxTokens = pace.segmentTokens(tokenCost(config, this.#position));
    const segment = nextSegment(this.#position, this.#ids.length, tileTokens, maxTokens);
    const ids = this.#ids.slice(segment.start, segment.end);
    const chunkTokens = pace.chunkTokens(largestRowCost(config), maxChunkTokens);
    const isSelecting = this.#isSelecting && segment.isLast;
    return {
      segment,
      recording: graph.record(recorder, this.sequence, segment, ids, chunkTokens, isSelecting),
    };
  }
}
