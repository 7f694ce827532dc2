/** A prompt on its way through the model: which segment it is in, and the recording that is cut into slices. */
import type { Recorder } from '../gpu/recorder';
import { assert } from '../util/assert';
import { asError } from '../util/errors';
import type { ModelConfig } from '../config/model-config';
import type { Cost, PrefillGraph, PrefillStep, PromptEnd } from '../graph/prefill-graph';
import type { HostWait } from '../offload/offloader';
import {
  attendedRowCost,
  largestRowCost,
  nextSegment,
  sparseSegmentTokens,
  tokenCost,
  type Segment,
} from '../graph/prefill-plan';
import type { MassWish } from './mass-wish';
import type { Pace } from './pace';

/** What a job needs besides its prompt. */
interface PrefillContext {
  readonly graph: PrefillGraph;
  readonly config: ModelConfig;
  readonly pace: Pace;
  readonly tileTokens: number;
  readonly maxChunkTokens: number;
  /** Milliseconds from one segment border to the next, at most. */
  readonly segmentMs: number;
}

/** What a prefill is for: the last token of a prompt to answer is sampled from, and selects; a text that is read has none. */
interface PrefillPurpose extends PromptEnd {
  readonly isSampling: boolean;
  /** The page masses that are wanted with the first token; `onKept` measures them. */
  readonly masses: MassWish | undefined;
  /** Tokens whose pages are attended as far as heads select them: `Segment.sparseTokens`. */
  readonly sparseTokens: number;
}

/** Prompt tokens `[start, end)` of one sequence. */
export class PrefillJob {
  readonly #context: PrefillContext;
  readonly sequence: number;
  readonly #ids: readonly number[];
  readonly #purpose: PrefillPurpose;
  #position: number;
  /** Where the slice ended that was recorded last. */
  #hostWait: HostWait | undefined;
  #waiting: Promise<void> | undefined;
  #failure: Error | undefined;
  #current: { readonly segment: Segment; readonly recording: Generator<PrefillStep, void> } | undefined;

  constructor(
    context: PrefillContext,
    sequence: number,
    ids: readonly number[],
    start: number,
    purpose: PrefillPurpose,
  ) {
    this.#context = context;
    this.sequence = sequence;
    this.#purpose = purpose;
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

  /** Whether the next slice may be recorded: not while the host is waited for. @throws what that wait failed with */
  get isReady(): boolean {
    if (this.#failure) throw this.#failure;
    return this.#waiting === undefined;
  }

  /** Resolves when the host is waited for no longer, whatever came of it. */
  async whenReady(): Promise<void> {
    await this.#waiting;
  }

  /** Whether a segment is begun and not done: until then no other prefill may go on. */
  get isInSegment(): boolean {
    return this.#current !== undefined;
  }

  get isSelecting(): boolean {
    return this.#purpose.isSelecting;
  }

  get isSampling(): boolean {
    return this.#purpose.isSampling;
  }

  /** The masses that its last token is wanted with. */
  get masses(): MassWish | undefined {
    return this.#purpose.masses;
  }

  get sparseTokens(): number {
    return this.#purpose.sparseTokens;
  }

  get isDone(): boolean {
    return this.#position === this.#ids.length;
  }

  /**
   * Records work of about one submission, at most to the end of a segment and to where something is needed from the host. The
   * caller submits it, calls `beginWait`, and records no further slice before the job is ready.
   */
  recordSlice(recorder: Recorder): Cost {
    assert(!this.#waiting && !this.#hostWait, 'a waiting prefill records nothing');
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
        this.#hostWait = step.value;
        break;
      }
      cost += step.value;
    }
    return cost;
  }

  /** To be called once a slice is submitted: begins the wait for the host that it ended at, if it did. */
  beginWait(): void {
    const wait = this.#hostWait;
    if (!wait) return;
    this.#hostWait = undefined;
    this.#waiting = wait()
      .catch((error: unknown) => void (this.#failure = asError(error)))
      .then(() => void (this.#waiting = undefined));
  }

  #begin(recorder: Recorder) {
    const { graph, config, pace, tileTokens, maxChunkTokens, segmentMs } = this.#context;
    const { sparseTokens, hidden } = this.#purpose;
    const maxTokens =
      sparseTokens > 0
        ? sparseSegmentTokens
        : pace.segmentTokens(tokenCost(config, this.#position), segmentMs);
    const segment = nextSegment(this.#position, this.#ids.length, tileTokens, maxTokens, sparseTokens);
    const ids = this.#ids.slice(segment.start, segment.end);
    const chunkTokens = pace.chunkTokens(largestRowCost(config), maxChunkTokens);
    const promptEnd = segment.isLast ? this.#purpose : { isSelecting: false, hidden };
    // Attention works in no buffer of a chunk's: its dispatches need not be as many.
    const attendedTokens = Math.max(
      chunkTokens,
      pace.chunkTokens(attendedRowCost(config, tileTokens), tileTokens),
    );
    const rows = { chunkTokens, attendedTokens };
    return {
      segment,
      recording: graph.record(recorder, this.sequence, segment, ids, rows, promptEnd),
    };
  }
}
