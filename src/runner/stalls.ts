/** How long answers stand still, and why. */
import type { StallEvent } from './cache-event';
import type { StallCause } from './step-rider';

/** Times that answers stood still, and for how long in all, in milliseconds. */
interface StallCount {
  readonly stalls: number;
  readonly stallMs: number;
}

/** Counts since load. */
export interface StallCounts extends StallCount {
  /** The same by what was waited for. */
  readonly stallCauses: Readonly<Record<StallCause, StallCount>>;
  /** Milliseconds from the first token of an answer to its end, over all answers. */
  readonly answerMs: number;
}

/** One answer, from the end of its prompt on. */
interface TimedAnswer {
  readonly startedAt: number;
  numSubmitted: number;
  numConfirmed: number;
  /** What its next step waits for. */
  heldBy: StallCause | undefined;
  /** Since when it has been held with none of its steps under way. */
  stalledAt: number | undefined;
}

/** Times the answers of one runner, by their sequences. */
export class Stalls {
  readonly #now: () => number;
  readonly #onStall: (event: StallEvent) => void;
  readonly #answers = new Map<number, TimedAnswer>();
  readonly #causes = { reload: { stalls: 0, stallMs: 0 }, offload: { stalls: 0, stallMs: 0 } };
  #answerMs = 0;

  constructor(onStall: (event: StallEvent) => void, now = () => performance.now()) {
    this.#onStall = onStall;
    this.#now = now;
  }

  get counts(): StallCounts {
    const { reload, offload } = this.#causes;
    return {
      stalls: reload.stalls + offload.stalls,
      stallMs: reload.stallMs + offload.stallMs,
      stallCauses: { reload: { ...reload }, offload: { ...offload } },
      answerMs: this.#answerMs,
    };
  }

  /** An answer begins: its first token is being sampled. */
  begin(sequence: number): void {
    this.end(sequence);
    this.#answers.set(sequence, {
      startedAt: this.#now(),
      numSubmitted: 0,
      numConfirmed: 0,
      heldBy: undefined,
      stalledAt: undefined,
    });
  }

  /** It is over. */
  end(sequence: number): void {
    const answer = this.#answers.get(sequence);
    if (!answer) return;
    this.#answers.delete(sequence);
    this.#answerMs += this.#now() - answer.startedAt;
  }

  /** Its next step is due and must wait. */
  hold(sequence: number, cause: StallCause): void {
    const answer = this.#answers.get(sequence);
    if (!answer) return;
    answer.heldBy ??= cause;
    this.#note(answer);
  }

  /** Its next step is submitted; the answer to be told to `confirm` when the step has come back. */
  submit(sequence: number): TimedAnswer | undefined {
    const answer = this.#answers.get(sequence);
    if (!answer) return undefined;
    answer.numSubmitted++;
    const { heldBy: cause, stalledAt } = answer;
    answer.heldBy = answer.stalledAt = undefined;
    if (cause === undefined || stalledAt === undefined) return answer;
    const durationMs = this.#now() - stalledAt;
    this.#causes[cause].stalls++;
    this.#causes[cause].stallMs += durationMs;
    this.#onStall({ kind: 'stall', cause, durationMs });
    return answer;
  }

  /** The results of one of its steps have come back. */
  confirm(answer: TimedAnswer): void {
    answer.numConfirmed++;
    this.#note(answer);
  }

  /** Held back while steps are under way costs nothing: the stall begins when the last of them is done. */
  #note(answer: TimedAnswer): void {
    if (answer.heldBy && answer.numConfirmed === answer.numSubmitted) answer.stalledAt ??= this.#now();
  }
}
