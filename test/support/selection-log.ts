/**
 * Listens to an engine's selections: after every scoring and every top-K it copies what the GPU has in a buffer of its own, in
 * the same submission, and gives all of it back at the end. The engine knows nothing of it.
 */
import { vi } from 'vitest';
import { listTargets, numLists } from '../../src/cache/cache-layout';
import type { EngineCore } from '../../src/engine/engine';
import { BufferAccount, type GpuBuffer } from '../../src/gpu/buffer';
import { readBuffer } from '../../src/gpu/readback';

/** One top-K of some heads of one layer. */
export interface LoggedSelection {
  readonly layer: number;
  readonly sequence: number;
  readonly kvHead: number;
  readonly position: number;
  /** Whether it goes to the selections that take over later, not to the lists that are attended now. */
  readonly isForLater: boolean;
  /** Queries of all the step's heads: `[numHeads, headDim]`; of a prefill by digests those of several rows. */
  readonly query: Float32Array;
  /** `[pages]` */
  readonly scores: Float32Array;
  /** What the GPU selected. */
  readonly selected: readonly number[];
}

/** A row's queries of one layer, `[numHeads, headDim]`, that went into its ring. */
export interface LoggedQuery {
  readonly layer: number;
  readonly sequence: number;
  readonly query: Float32Array;
}

/** A prefill or a decode step, with the selections that belong to it; or the end of an answer. */
export interface LoggedStep {
  readonly kind: 'prefill' | 'decode' | 'end';
  /** At the end of an answer the position is that of the last token that is kept. */
  readonly rows: readonly { readonly sequence: number; readonly position: number }[];
  readonly selections: readonly LoggedSelection[];
  /** What a decode step put into rings. */
  readonly queries: readonly LoggedQuery[];
  /** By sequence: pages and slots of each stable head right after the step was recorded. */
  readonly resident: readonly (readonly (readonly [page: number, slot: number])[])[][];
}

type Reader = (words: Uint32Array) => LoggedSelection;
interface PendingStep extends Omit<LoggedStep, 'selections' | 'queries' | 'resident'> {
  resident: LoggedStep['resident'];
  readonly readers: Reader[];
  readonly queryReaders: ((words: Uint32Array) => LoggedQuery)[];
}

/** Loads an engine by `load` and notes the buffers that a log copies from. */
export async function loadWithLog(load: () => Promise<EngineCore>, logBytes: number) {
  const buffers = new Map<string, GpuBuffer>();
  const create = vi.spyOn(BufferAccount.prototype, 'create');
  const engine = await load();
  create.mock.results.forEach(({ value }) => {
    const buffer = value as GpuBuffer;
    buffers.set(buffer.label, buffer);
  });
  create.mockRestore();
  return { engine, log: new SelectionLog(engine, buffers, logBytes) };
}

/** Owns the buffer that everything is copied to. */
export class SelectionLog {
  readonly #engine: EngineCore;
  readonly #buffers: ReadonlyMap<string, GpuBuffer>;
  readonly #target: GpuBuffer;
  readonly #steps: PendingStep[] = [];
  /** What is being recorded. */
  #current: PendingStep | undefined;
  #usedBytes = 0;
  #query: { readonly offset: number; readonly numRows: number; readonly endRow?: number } | undefined;

  constructor(engine: EngineCore, buffers: ReadonlyMap<string, GpuBuffer>, logBytes: number) {
    this.#engine = engine;
    this.#buffers = buffers;
    this.#target = engine.device.buffers.create({ label: 'log', category: 'staging', sizeBytes: logBytes });
    const { runner } = engine;
    const beginPrefill = runner.beginPrefill.bind(runner);
    vi.spyOn(runner, 'beginPrefill').mockImplementation((sequence, ids, start) => {
      beginPrefill(sequence, ids, start);
      this.#begin('prefill', [{ sequence: sequence.index, position: ids.length - 1 }]);
    });
    const submitSlice = runner.submitSlice.bind(runner);
    vi.spyOn(runner, 'submitSlice').mockImplementation((sequence) => {
      const isOf = ({ kind, rows }: PendingStep) =>
        kind === 'prefill' && rows[0]!.sequence === sequence.index;
      this.#current = this.#steps.findLast(isOf);
      return submitSlice(sequence);
    });
    const submitDecode = runner.submitDecode.bind(runner);
    vi.spyOn(runner, 'submitDecode').mockImplementation((rows) => {
      const step = (this.#current = this.#begin('decode', rows));
      const result = submitDecode(rows);
      step.resident = this.#resident();
      return result;
    });
    const endTurn = runner.endTurn.bind(runner);
    vi.spyOn(runner, 'endTurn').mockImplementation((sequence) => {
      endTurn(sequence);
      this.#begin('end', [{ sequence: sequence.index, position: sequence.numStored - 1 }]);
    });
    const { recorder } = runner;
    const dispatch = recorder.dispatch.bind(recorder);
    vi.spyOn(recorder, 'dispatch').mockImplementation((bound, params, grid, list) => {
      dispatch(bound, params, grid, list);
      const { name } = bound.kernel;
      const values = params;
      const isFused = name.startsWith('select/select-pages');
      if (isFused || name.startsWith('select/page-score')) this.#copyQueries(values);
      if (name === 'select/rotate-queries') this.#copyRotated(values, grid[1]!);
      if (isFused || name === 'select/top-k') this.#copySelection(values, [...list!]);
    });
  }

  /** Everything so far, in order of submission. */
  async read(): Promise<LoggedStep[]> {
    const words = new Uint32Array(await readBuffer(this.#engine.device, this.#target));
    return this.#steps.map(({ readers, queryReaders, ...step }) => ({
      ...step,
      selections: readers.map((read) => read(words)),
      queries: queryReaders.map((read) => read(words)),
    }));
  }

  destroy(): void {
    vi.restoreAllMocks();
    this.#target.destroy();
  }

  #begin(kind: LoggedStep['kind'], rows: LoggedStep['rows']): PendingStep {
    const copies = rows.map(({ sequence, position }) => ({ sequence, position }));
    const step = { kind, rows: copies, resident: this.#resident(), readers: [], queryReaders: [] };
    this.#steps.push(step);
    return step;
  }

  #resident() {
    const { cache } = this.#engine.runner;
    return Array.from({ length: cache.shape.numSequences }, (_, sequence) =>
      cache
        .stableHeads(sequence)
        .map(({ pages, slots }) => pages.map((page, i) => [page, slots[i]!] as const)),
    );
  }

  /** Copies and returns where it went, in words. */
  #copy(source: GpuBuffer, offset: number, sizeBytes: number): number {
    const { recorder } = this.#engine.runner;
    recorder.copy(source, offset, this.#target, this.#usedBytes, sizeBytes);
    this.#usedBytes += sizeBytes;
    return (this.#usedBytes - sizeBytes) / 4;
  }

  #copyQueries({ qkvStride, firstRow }: Readonly<Record<string, number>>): void {
    const { kind, rows } = this.#current!;
    const rowBytes = 4 * qkvStride!;
    const source = this.#buffers.get(kind === 'prefill' ? 'segmentQkv' : 'qkv')!;
    const offset = this.#copy(source, firstRow! * rowBytes, rows.length * rowBytes);
    this.#query = { offset, numRows: 1 };
  }

  #copyRotated(
    { qkvStride, firstRow, ringSize, ringOffset }: Readonly<Record<string, number>>,
    numRows: number,
  ) {
    const { kind, rows, queryReaders } = this.#current!;
    const { config, runner } = this.#engine;
    const source = this.#buffers.get(kind === 'prefill' ? 'segmentQkv' : 'qkv')!;
    const offset = this.#copy(source, 4 * firstRow! * qkvStride!, 4 * numRows * qkvStride!);
    if (kind === 'prefill') {
      // What does not fit at once comes row after row, and is copied to one place.
      const before = this.#query && this.#query.endRow === firstRow ? this.#query : { offset, numRows: 0 };
      const all = before.numRows + numRows;
      this.#query = { offset: before.offset, numRows: all, endRow: firstRow! + numRows };
      return;
    }
    this.#query = { offset, numRows: 1 };
    const layer = ringOffset! / (runner.cache.shape.numSequences * ringSize!);
    rows.forEach(({ sequence }, row) => {
      queryReaders.push(({ buffer }) => {
        const query = new Float32Array(
          buffer,
          4 * (offset + row * qkvStride!),
          config.numHeads * config.headDim,
        );
        return { layer, sequence, query };
      });
    });
  }

  #copySelection(params: Readonly<Record<string, number>>, list: readonly number[]): void {
    const { config, runner } = this.#engine;
    const { cache } = runner;
    const { numSequences, numKvHeads, pagesPerHead, unstable } = cache.shape;
    const { kind, rows, readers } = this.#current!;
    const layer = params.listOffset! / (numSequences * numKvHeads);
    const { offset: query, numRows } = this.#query!;
    if (kind === 'prefill') this.#query = { offset: query, numRows };
    const stride = (config.numHeads + 2 * numKvHeads) * config.headDim;
    const queryWidth = (numRows - 1) * stride + config.numHeads * config.headDim;
    for (let task = 0; task < list.length / 2; task++) {
      const [row, kvHead] = [list[2 * task]!, list[2 * task + 1]! & 0xffff];
      const { sequence, position } = rows[row]!;
      const numPages = Math.floor(position / 16) + 1;
      const firstScore = ((params.firstTask ?? 0) + task) * params.scoreStride!;
      const scores = this.#copy(this.#buffers.get('scores')!, 4 * firstScore, 4 * numPages);
      const isForLater = kind === 'prefill' || !unstable.has(layer, kvHead);
      const count = Math.min(pagesPerHead, numPages);
      const target = isForLater ? listTargets.selected : listTargets.attended;
      const index = target * numLists(cache.shape) + (layer * numSequences + sequence) * numKvHeads + kvHead;
      const selected = this.#copy(cache.lists, 4 * index * pagesPerHead, 4 * count);
      readers.push((words) => ({
        layer,
        sequence,
        kvHead,
        position,
        isForLater,
        query: new Float32Array(words.buffer, 4 * (query + row * stride), queryWidth),
        scores: new Float32Array(words.buffer, 4 * scores, numPages),
        selected: [...words.subarray(selected, selected + count)],
      }));
    }
  }
}
