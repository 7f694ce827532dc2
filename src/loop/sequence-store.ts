/** Which sequences exist: running ones, and idle ones kept because their KV may serve the next request. */
import type { KvCache } from '../cache/kv-cache';
import { pagesFor, pageTokens, type PageId } from '../cache/page';
import { assert } from '../util/assert';
import { commonPrefix, findReuse, type Reuse, type Sequence } from '../runner/sequence';

/** A sequence for a new request, and how much of its prompt is stored in it. */
export interface Placement {
  readonly sequence: Sequence;
  readonly numCached: number;
}

/** Which stored KV a prompt may begin with. */
interface PlacementOptions {
  /** Whether the first `numTokens` tokens of a sequence will do; all do when left out. */
  readonly isUsable?: ((sequence: Sequence, numTokens: number) => boolean) | undefined;
  /** The imported document that the prompt is about; undefined for what this engine computes by itself. */
  readonly origin?: string | undefined;
  /** No more than so many tokens, whole pages. */
  readonly mostCached?: number | undefined;
}

/** Hands out sequences of one cache; idle ones are evicted, least recently used first, when room is needed. */
export class SequenceStore {
  readonly #cache: KvCache;
  readonly #running = new Set<Sequence>();
  readonly #idle = new Set<Sequence>();
  readonly #reserved = new Map<Sequence, number>();
  #clock = 0;

  constructor(cache: KvCache) {
    this.#cache = cache;
  }

  /**
   * Places a prompt that may grow to `numTokens` tokens in all, prompt included: on an idle sequence with a common
   * prefix that `isUsable`, on pages shared with another sequence, or on an empty one; of those of this `origin` alone. Undefined
   * when there is no room now.
   */
  place(prompt: readonly number[], numTokens: number, options: PlacementOptions = {}): Placement | undefined {
    const placement = this.#place(prompt, numTokens, options);
    if (placement) placement.sequence.origin = options.origin;
    return placement;
  }

  #place(
    prompt: readonly number[],
    numTokens: number,
    { isUsable = () => true, origin, mostCached = Infinity }: PlacementOptions,
  ): Placement | undefined {
    const longest = findReuse(prompt, this.sequences, origin);
    const reuse = longest && { ...longest, numTokens: Math.min(longest.numTokens, mostCached) };
    if (!reuse || reuse.numTokens === 0 || !isUsable(reuse.sequence, reuse.numTokens)) {
      return this.#placeEmpty(numTokens);
    }
    if (!this.#idle.has(reuse.sequence))
      return this.#placeShared(reuse, prompt, numTokens) ?? this.#placeEmpty(numTokens);
    // Taking an idle sequence over loses what it holds beyond the common prefix: not when that is most of it.
    const isMostOfIt = 2 * reuse.numTokens >= reuse.sequence.numStored;
    const shared = isMostOfIt ? undefined : this.#placeShared(reuse, prompt, numTokens);
    return shared ?? this.#takeOver(reuse, prompt, numTokens) ?? this.#placeEmpty(numTokens);
  }

  /**
   * A sequence with room for `numTokens` tokens, whole pages, that are to be brought back; nobody shares it before `settle`.
   * Its pages are `ids` where they are known from an earlier cache: those that another sequence begins with are shared with it.
   * Undefined when there is no room now.
   */
  adopt(numTokens: number, ids?: readonly PageId[]): Sequence | undefined {
    const shared = ids && this.#longestShared(ids);
    if (!ids || !shared) {
      const placement = this.#placeEmpty(numTokens);
      if (!placement) return undefined;
      const { sequence } = placement;
      if (ids) this.#cache.claim(sequence.index, ids);
      else this.#cache.extend(sequence.index, numTokens, false);
      return sequence;
    }
    const { source, numPages } = shared;
    if (!this.#makeRoom(ids.length - numPages, { kept: source })) return undefined;
    const sequence = this.#take();
    this.#cache.share(source.index, sequence.index, numPages);
    this.#cache.claim(sequence.index, ids.slice(numPages));
    return this.#begin(sequence, [], 0, numTokens).sequence;
  }

  /** The sequence that begins with most of these pages, if one has the first. */
  #longestShared(ids: readonly PageId[]): { source: Sequence; numPages: number } | undefined {
    let best: { source: Sequence; numPages: number } | undefined;
    for (const source of this.sequences) {
      const numPages = commonPrefix(ids, this.#cache.pagesOf(source.index));
      if (numPages > (best?.numPages ?? 0)) best = { source, numPages };
    }
    return best;
  }

  /** What was adopted is there: from now on it is an idle sequence of these tokens. */
  settle(sequence: Sequence, tokens: readonly number[], origin?: string): void {
    sequence.origin = origin;
    for (const token of tokens) sequence.tokens.push(token);
    sequence.numStored = tokens.length;
    this.retire(sequence);
  }

  /** What was adopted could not be brought back. */
  forget(sequence: Sequence): void {
    assert(this.#running.delete(sequence), 'only a running sequence is forgotten');
    this.#reserved.delete(sequence);
    this.#cache.releaseSequence(sequence.index);
  }

  /** The request is over: its KV up to `numStored` tokens stays until the room is needed. */
  retire(sequence: Sequence): void {
    assert(this.#running.delete(sequence), 'only a running sequence is retired');
    this.#reserved.delete(sequence);
    sequence.tokens.length = Math.min(sequence.tokens.length, sequence.numStored);
    this.#cache.truncate(sequence.index, sequence.tokens.length);
    sequence.lastUsed = ++this.#clock;
    this.#idle.add(sequence);
  }

  /** Whether some sequence of this origin has the KV of all these tokens, whole pages. */
  covers(tokens: readonly number[], origin?: string): boolean {
    return this.sequences.some(
      (sequence) =>
        sequence.origin === origin &&
        sequence.numStored >= tokens.length &&
        commonPrefix(tokens, sequence.tokens) === tokens.length,
    );
  }

  /** Tokens of a prompt that some sequence of this origin has, whole pages. */
  numReusable(prompt: readonly number[], origin?: string): number {
    return findReuse(prompt, this.sequences, origin)?.numTokens ?? 0;
  }

  /** Evicts idle sequences of this origin that share a page of these tokens. */
  drop(tokens: readonly number[], origin?: string): void {
    for (const sequence of this.#idle) {
      if (sequence.origin === origin && commonPrefix(tokens, sequence.tokens) >= pageTokens)
        this.evict(sequence);
    }
  }

  /** Evicts the least recently used idle sequence that alone holds some page; false when there is none. */
  evictIdle(): boolean {
    const byUse = [...this.#idle].sort((a, b) => a.lastUsed - b.lastUsed);
    const victim = byUse.find(({ index }) => this.#cache.numFreedBy([{ sequence: index, numTokens: 0 }]) > 0);
    if (victim) this.evict(victim);
    return victim !== undefined;
  }

  /** Evicts an idle sequence: its KV is of no use any more, or its room is needed. */
  evict(sequence: Sequence): void {
    assert(this.#idle.delete(sequence), 'only an idle sequence is evicted');
    this.#cache.releaseSequence(sequence.index);
  }

  /**
   * Sequences of no request that goes on end before the first page that was lost; those being stored keep the rest until they
   * retire.
   */
  cutLost(lost: ReadonlySet<PageId>): void {
    for (const sequence of this.sequences) {
      const page = this.#cache.pagesOf(sequence.index).findIndex((id) => lost.has(id));
      if (page < 0) continue;
      if (this.#idle.has(sequence)) this.#cache.truncate(sequence.index, page * pageTokens);
      const numTokens = Math.min(page * pageTokens, sequence.tokens.length);
      sequence.numStored = sequence.tokens.length = numTokens;
    }
  }

  /** All sequences, running and idle. */
  get sequences(): readonly Sequence[] {
    return [...this.#running, ...this.#idle];
  }

  get numRunning(): number {
    return this.#running.size;
  }

  #takeOver({ sequence, numTokens: numCached }: Reuse, prompt: readonly number[], numTokens: number) {
    const numPages = pagesFor(numTokens) - pagesFor(numCached);
    if (!this.#makeRoom(numPages, { kept: sequence, cutTo: numCached })) return undefined;
    this.#cache.truncate(sequence.index, numCached);
    this.#idle.delete(sequence);
    return this.#begin(sequence, prompt, numCached, numTokens);
  }

  #placeShared(
    { sequence: source, numTokens: numCached }: Reuse,
    prompt: readonly number[],
    numTokens: number,
  ) {
    const numPages = pagesFor(numTokens) - pagesFor(numCached);
    if (!this.#makeRoom(numPages, { kept: source })) return undefined;
    const sequence = this.#take();
    this.#cache.share(source.index, sequence.index, pagesFor(numCached));
    return this.#begin(sequence, prompt, numCached, numTokens);
  }

  #placeEmpty(numTokens: number): Placement | undefined {
    if (!this.#makeRoom(pagesFor(numTokens), {})) return undefined;
    return this.#begin(this.#take(), [], 0, numTokens);
  }

  #begin(sequence: Sequence, prompt: readonly number[], numCached: number, numTokens: number): Placement {
    // One by one: a call takes no hundred thousand arguments.
    sequence.tokens.length = 0;
    for (const token of prompt.slice(0, numCached)) sequence.tokens.push(token);
    sequence.numStored = numCached;
    this.#running.add(sequence);
    this.#reserved.set(sequence, numTokens);
    return { sequence, numCached };
  }

  /**
   * Evicts idle sequences, least recently used first, until `numPages` are free beyond what is reserved. With `cutTo`
   * the sequence `kept` will be truncated to so many tokens, and no place in the tables is needed. Evicts none when that
   * would not be enough: what waits for room must not cost others their KV turn after turn.
   */
  #makeRoom(
    numPages: number,
    { kept, cutTo }: { readonly kept?: Sequence; readonly cutTo?: number },
  ): boolean {
    const candidates = [...this.#idle].filter((s) => s !== kept).sort((a, b) => a.lastUsed - b.lastUsed);
    const cut = kept && cutTo !== undefined ? [{ sequence: kept.index, numTokens: cutTo }] : [];
    const numFree = this.#cache.numFreePages - this.#numReservedPages();
    const isEnough = (numVictims: number) => {
      const victims = candidates.slice(0, numVictims).map(({ index }) => ({ sequence: index, numTokens: 0 }));
      const hasPages = numPages <= numFree + this.#cache.numFreedBy([...cut, ...victims]);
      return hasPages && (cut.length > 0 || this.#numTaken - numVictims < this.#cache.shape.numSequences);
    };
    let numVictims = 0;
    while (!isEnough(numVictims)) if (++numVictims > candidates.length) return false;
    for (const victim of candidates.slice(0, numVictims)) this.evict(victim);
    return true;
  }

  get #numTaken(): number {
    return this.#idle.size + this.#running.size;
  }

  /** Pages that running requests were promised and have not taken. */
  #numReservedPages(): number {
    let sum = 0;
    for (const [sequence, numTokens] of this.#reserved) {
      sum += Math.max(0, pagesFor(numTokens) - this.#cache.numPages(sequence.index));
    }
    return sum;
  }

  #take(): Sequence {
    const index = this.#cache.takeSequence();
    assert(index !== undefined, 'room was made for a sequence');
    return { index, tokens: [], numStored: 0, lastUsed: ++this.#clock };
  }
}
