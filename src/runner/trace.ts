/**
 * What an engine did and when, as a file in the trace event format of Chrome: https://ui.perfetto.dev and chrome://tracing show it.
 * Nothing is noted while nobody takes a trace.
 */
import type { Grid } from '../gpu/kernel';
import type { CacheEvent } from './cache-event';

/** Rows of the picture. What overlaps, as steps in flight do, has a row of its own for each. */
const tracks = ['host', 'GPU: steps in flight', 'dispatches', 'reranks', 'reloads', 'stalls'] as const;

/** A row of the picture. */
type Track = (typeof tracks)[number];

type Details = Readonly<Record<string, number | string | readonly number[]>>;

/** One event, as the format has it; times are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  /** `X` has a duration, `i` is a moment, `b` and `e` are the ends of what overlaps others, `M` names a row. */
  readonly ph: 'X' | 'i' | 'b' | 'e' | 'M';
  readonly ts: number;
  readonly dur?: number;
  readonly pid: 1;
  readonly tid: number;
  readonly id?: number;
  readonly s?: 't';
  readonly args?: Details;
}

/** The file. */
interface TraceFile {
  readonly displayTimeUnit: 'ms';
  /** Events that came after the trace was full. */
  readonly otherData: { readonly eventsLost: number };
  readonly traceEvents: readonly TraceEvent[];
}

/** Events that a trace holds: a decode step of 30 layers is some 250. */
const maxEvents = 500_000;

/** From when to when, in milliseconds. */
type Interval = readonly [fromMs: number, toMs: number];

/** Notes events until it is full. Times are those of `performance.now()`. */
export class Trace {
  readonly #events: TraceEvent[] = [];
  readonly #startedAt: number;
  readonly #maxEvents: number;
  #nextId = 1;
  #numLost = 0;

  constructor(startedAt = performance.now(), mostEvents = maxEvents) {
    this.#startedAt = startedAt;
    this.#maxEvents = mostEvents;
  }

  /** Something that overlaps nothing of its track. */
  span(track: Track, name: string, [fromMs, toMs]: Interval, args: Details = {}): void {
    this.#add({ ...this.#place(track, name, fromMs), ph: 'X', dur: 1000 * (toMs - fromMs), args });
  }

  /** Something that may overlap others of its track. */
  flight(track: Track, name: string, [fromMs, toMs]: Interval, args: Details = {}): void {
    const id = this.#nextId++;
    this.#add({ ...this.#place(track, name, fromMs), ph: 'b', id, args });
    this.#add({ ...this.#place(track, name, toMs), ph: 'e', id });
  }

  /** A moment. */
  mark(track: Track, name: string, args: Details = {}, atMs = performance.now()): void {
    this.#add({ ...this.#place(track, name, atMs), ph: 'i', s: 't', args });
  }

  /** Work that was recorded from `startedAt` until now and is submitted; what is returned notes that the GPU has done it. */
  submitted(name: string, startedAt: number, args: Details, ofRecording: Details = {}): () => void {
    const recordedAt = performance.now();
    this.span('host', `record ${name}`, [startedAt, recordedAt], { ...args, ...ofRecording });
    return () => this.flight('GPU: steps in flight', name, [recordedAt, performance.now()], args);
  }

  /** A decode step of `rows`, as `submitted` has it. */
  decodeStep(
    rows: readonly { readonly sequence: number; readonly position: number }[],
    startedAt: number,
    dispatches: number,
  ): () => void {
    const args = { sequences: rows.map((row) => row.sequence), positions: rows.map((row) => row.position) };
    return this.submitted('decode step', startedAt, args, { dispatches });
  }

  /** A dispatch that is recorded. */
  dispatch(kernel: string, grid: Grid): void {
    this.mark('dispatches', kernel, { grid: grid.join(' × ') });
  }

  /** A reload that has arrived. */
  reload(fromMs: number, toMs: number, bytes: number): void {
    this.flight('reloads', 'reload', [fromMs, toMs], { bytes });
  }

  /** What has just happened in the cache. */
  tell(event: CacheEvent): void {
    const now = performance.now();
    if (event.kind === 'stall') {
      const { cause, durationMs } = event;
      this.span('stalls', `stall: ${cause}`, [now - durationMs, now], { cause });
    } else {
      const { step, numPages, promotions, reloadBytes, reloadMs } = event;
      const promoted = promotions.reduce((sum, { pages }) => sum + pages.length, 0);
      this.mark('reranks', 'flip', { step, numPages, promoted, reloadBytes, reloadMs }, now);
    }
  }

  /** What was noted until now. */
  file(): TraceFile {
    const names = tracks.map((name, tid): TraceEvent => {
      return { name: 'thread_name', ph: 'M', ts: 0, pid: 1, tid, args: { name } };
    });
    return {
      displayTimeUnit: 'ms',
      otherData: { eventsLost: this.#numLost },
      traceEvents: [...names, ...this.#events],
    };
  }

  #place(track: Track, name: string, atMs: number) {
    const ts = 1000 * (atMs - this.#startedAt);
    return { name, cat: track, ts, pid: 1, tid: tracks.indexOf(track) } as const;
  }

  #add(event: TraceEvent): void {
    if (this.#events.length < this.#maxEvents) this.#events.push(event);
    else this.#numLost++;
  }
}
