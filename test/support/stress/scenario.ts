/** A stress scenario as data, drawn from a seed: an engine near its floors, and what callers do to it at the same time. Pure. */
import type { GenerationRequest } from '../../../src/loop/generation';
import type { KvOptions } from '../../../src/runner/memory-plan';
import { promptOf } from '../engine';
import { randomSource } from '../../../tools/util/random';
import { requestOf } from '../../../tools/node/requests';

/** When a caller has enough of an answer. */
export interface EarlyEnd {
  readonly by: 'abort' | 'leave';
  /** After so many tokens, or */
  readonly tokens?: number;
  /** after so many milliseconds. */
  readonly ms?: number;
}

/** What a caller does, and waits for before it does the next. */
export type Operation =
  | { readonly kind: 'answer'; readonly request: GenerationRequest; readonly end?: EarlyEnd }
  | { readonly kind: 'add'; readonly id: string; readonly text: string; readonly abortMs?: number }
  | { readonly kind: 'open' | 'delete' | 'export'; readonly id: string }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Statistics and the cache's map; the device is lost; the engine is disposed. */
  | { readonly kind: 'look' | 'lose' | 'dispose' };

/** What goes wrong outside the GPU, as shares of the reads and writes there. */
export interface HostFaults {
  /** Reads and writes that take a while, up to `lateMs`. */
  readonly late: number;
  readonly lateMs: number;
  /** Writes that find no room. */
  readonly refused: number;
  /** Reads that find nothing. */
  readonly lost: number;
}

/** Everything that a seed says. */
export interface Scenario {
  readonly seed: number;
  readonly model: string;
  readonly kv: KvOptions & { readonly contextTokens: number };
  /** GPU bytes beyond the least that the context needs. */
  readonly spareBytes: number;
  /** Pages that memory has room for; undefined: all. */
  readonly hostPages: number | undefined;
  readonly hasDisk: boolean;
  /** Whether the engine recovers from a lost device. */
  readonly recovers: boolean;
  /** `slow`: time flies, so that prefill is cut into the smallest pieces. */
  readonly clock: 'real' | 'slow';
  readonly faults: HostFaults;
  readonly callers: readonly (readonly Operation[])[];
}

/** How likely a scenario has what not every one has. */
export interface Chances {
  readonly losses: number;
  readonly faults: number;
  readonly disposal: number;
  /** Documents of the library, which all engines share. */
  readonly documents: number;
  /** A slow clock, no disk: what two scenarios at once would share. */
  readonly globals: number;
}

/** The texts of documents by their ids. */
export const stressTexts: Readonly<Record<string, string>> = Object.fromEntries(
  [5, 9, 13].map((numLines, i) => {
    const lines = Array.from(
      { length: numLines },
      (_, line) => `The ${line}th whale of ship ${i} was white.\n`,
    );
    return [`d${i}`, lines.join('')];
  }),
);
const documentIds = Object.keys(stressTexts);

const usualChances: Chances = { losses: 0.3, faults: 0.3, disposal: 0.15, documents: 1, globals: 1 };
const noFaults: HostFaults = { late: 0, lateMs: 0, refused: 0, lost: 0 };

/** The scenario of a seed; the same on every machine. */
export function drawScenario(seed: number, given: Partial<Chances> = {}): Scenario {
  const chances = { ...usualChances, ...given };
  const dice = new Dice(7919 * seed + 17);
  const kv = drawOptions(dice);
  const isLosing = dice.chance(chances.losses);
  const hasDocuments = dice.chance(chances.documents);
  const draw = new OperationDraw(dice, seed, { contextTokens: kv.contextTokens, isLosing, hasDocuments });
  const callers = dice.many(2, 5, () => dice.many(2, 5, () => draw.operation()));
  if (dice.chance(chances.disposal)) {
    callers.push([{ kind: 'wait', ms: dice.whole(0, 1500) }, { kind: 'dispose' }]);
  }
  return {
    seed,
    model: dice.one(['tiny-llama', 'tiny-llama', 'mistral-window', 'smollm3', 'llama-linear']),
    kv,
    spareBytes: dice.whole(0, 400) ** 2,
    hostPages: dice.chance(0.5) ? dice.whole(2, 20) : undefined,
    hasDisk: !dice.chance(0.15 * chances.globals),
    recovers: !dice.chance(0.15),
    clock: dice.chance(0.3 * chances.globals) ? 'slow' : 'real',
    faults: dice.chance(chances.faults) ? drawFaults(dice) : noFaults,
    callers,
  };
}

/** An operation in a line. */
export function describeOperation(operation: Operation): string {
  if (operation.kind !== 'answer') return JSON.stringify(operation);
  const { prompt, ...rest } = operation.request;
  const about =
    prompt.kind === 'ids' ? `${prompt.ids.length} ids from ${prompt.ids.slice(0, 3).join()} on` : prompt;
  return JSON.stringify({ ...operation, request: { prompt: about, ...rest } });
}

/** Draws from one seeded source. */
class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomSource(seed);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number of `from` to `to`. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.#next() * (to - from + 1));
  }

  one<const T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#next() * choices.length)]!;
  }

  many<T>(from: number, to: number, draw: () => T): T[] {
    return Array.from({ length: this.whole(from, to) }, draw);
  }
}

function drawOptions(dice: Dice) {
  return {
    contextTokens: 16 * dice.whole(12, 40),
    numSequences: dice.whole(1, 4),
    pagesPerHead: dice.whole(2, 8),
    unstableShare: dice.one([0, 0.25, 0.5, 0.75, 1]),
    ...dice.one([
      { selection: 'digest' },
      { selection: 'digest', rerankQueries: 3 },
      { selection: 'minmax' },
    ]),
    rerankInterval: dice.one([1, 2, 3, 5, 8, 16]),
    rerankStagger: dice.chance(0.4),
    reload: dice.one(['overlap', 'pause']),
    format: dice.one(['f16', 'f16', 'int8', 'f32']),
    hostFormat: dice.one(['same', 'int8']),
    followUp: dice.one(['exact', 'exact', 'exact', 'sparse']),
    measureStability: dice.chance(0.15) ? 'every-step' : false,
  } satisfies KvOptions;
}

function drawFaults(dice: Dice): HostFaults {
  return {
    late: dice.one([0, 0.1, 0.5]),
    lateMs: dice.one([1, 10, 60]),
    refused: dice.one([0, 0.02, 0.1]),
    lost: dice.one([0, 0, 0.02]),
  };
}

interface OperationOptions {
  readonly contextTokens: number;
  readonly isLosing: boolean;
  readonly hasDocuments: boolean;
}

/** Draws operations whose prompts share their beginnings. */
class OperationDraw {
  readonly #dice: Dice;
  readonly #options: OperationOptions;
  readonly #prefixes: readonly number[][];
  readonly #prompts: number[][] = [];

  constructor(dice: Dice, seed: number, options: OperationOptions) {
    this.#dice = dice;
    this.#options = options;
    const { contextTokens } = options;
    this.#prefixes = [
      promptOf(dice.whole(20, 120), seed),
      promptOf(dice.whole(1, contextTokens / 2), seed + 1),
    ];
  }

  operation(): Operation {
    const dice = this.#dice;
    if (dice.chance(0.1)) return { kind: 'wait', ms: dice.whole(0, 150) };
    if (dice.chance(0.05)) return { kind: 'look' };
    const { isLosing, hasDocuments } = this.#options;
    if (isLosing && dice.chance(0.12)) return { kind: 'lose' };
    if (hasDocuments && dice.chance(0.25)) return this.#ofDocument();
    const request = this.#request();
    return { kind: 'answer', request, ...(dice.chance(0.35) && { end: this.#end() }) };
  }

  #ofDocument(): Operation {
    const dice = this.#dice;
    const id = dice.one(documentIds);
    if (dice.chance(0.5)) return { kind: dice.one(['open', 'open', 'delete', 'export']), id };
    const abort = dice.chance(0.3) && { abortMs: dice.whole(0, 120) };
    return { kind: 'add', id, text: stressTexts[id]!, ...abort };
  }

  #end(): EarlyEnd {
    const dice = this.#dice;
    if (dice.chance(0.2)) return { by: 'leave', tokens: dice.whole(1, 20) };
    return {
      by: 'abort',
      ...(dice.chance(0.5) ? { tokens: dice.whole(1, 20) } : { ms: dice.whole(0, 200) }),
    };
  }

  #request(): GenerationRequest {
    const dice = this.#dice;
    const sampled = {
      temperature: 1,
      seed: dice.whole(1, 3),
      ...(dice.chance(0.4) && { repetitionPenalty: 1.2, frequencyPenalty: 0.3 }),
      ...(dice.chance(0.3) && { topK: 20, topP: 0.9 }),
    };
    return requestOf(this.#prompt(), {
      maxTokens: dice.whole(1, 48),
      ignoreEos: dice.chance(0.7),
      isExact: dice.chance(0.1),
      stop: dice.chance(0.3) ? [dice.one(['e', 'in', ' t', 'the', '\u{fffd}', 'o'])] : [],
      ...(dice.chance(0.2) && { logprobs: dice.whole(0, 3) }),
      ...(dice.chance(0.1) && { sources: { numPassages: 2 } }),
      sampling: dice.chance(0.6) ? {} : sampled,
    });
  }

  #prompt(): GenerationRequest['prompt'] {
    const dice = this.#dice;
    if (this.#options.hasDocuments && dice.chance(0.2)) {
      const id = dice.one(documentIds);
      const content = dice.one(['How many?', 'Who was white, and why?']);
      const document = dice.chance(0.6) ? { id } : { text: stressTexts[id]! };
      return { kind: 'chat', messages: [{ role: 'user', content }], document };
    }
    const ids = this.#ids().slice(0, this.#options.contextTokens - 1);
    this.#prompts.push(ids);
    return { kind: 'ids', ids };
  }

  #ids(): number[] {
    const dice = this.#dice;
    const tail = promptOf(dice.whole(1, 60), dice.whole(1, 5));
    if (this.#prompts.length === 0 || dice.chance(0.6)) {
      return dice.chance(0.7) ? [...dice.one(this.#prefixes), ...tail] : tail;
    }
    const before = dice.one(this.#prompts);
    return [...before.slice(0, dice.chance(0.5) ? before.length : dice.whole(1, before.length)), ...tail];
  }
}
