/** Which tokens an answer may go on with: a format's automaton over bytes, asked about whole tokens. */
import { EngineError } from '../util/errors';
import type { Automaton, AutomatonState } from './automaton';
import type { TokenBytes, TokenTrie } from './token-trie';

/** Masks that are kept. */
const maxKnownMasks = 256;

/** The tokens that a grammar may be written with. */
interface GrammarTokens {
  readonly trie: TokenTrie;
  /** Special tokens that are text here, such as marks around calls. */
  readonly further: readonly TokenBytes[];
  /** Tokens that end an answer. */
  readonly eosIds: readonly number[];
  /** Tokens that the model may choose. */
  readonly vocabSize: number;
}

function noWayToGoOn(): EngineError {
  const field = 'response_format';
  const reason = "the answer has come to a place where none of this model's tokens keeps to the format";
  return new EngineError('unsupported', `"${field}" is not supported: ${reason}.`, { field });
}

/** Follows one answer. */
export class TokenGrammar {
  #state: AutomatonState;
  /** Of the states that come again, the latest ones last. */
  readonly #masks = new Map<AutomatonState, Uint32Array>();

  constructor(
    private readonly automaton: Automaton,
    private readonly tokens: GrammarTokens,
  ) {
    this.#state = automaton.initial;
  }

  /** One bit for each token that may come next, lowest first; none where the vocabulary has no way to go on. */
  get mask(): Uint32Array {
    const known = this.#masks.get(this.#state);
    if (known) return known;
    const mask = this.#maskOf(this.#state);
    const [oldest] = this.#masks.keys();
    if (oldest && this.#masks.size >= maxKnownMasks) this.#masks.delete(oldest);
    this.#masks.set(this.#state, mask);
    return mask;
  }

  /** The token that alone may come next; undefined where there are several, none, or where the answer ends. */
  get onlyToken(): number | undefined {
    let only: number | undefined;
    for (const [i, word] of this.mask.entries()) {
      if (word === 0) continue;
      const isOne = (word & (word - 1)) === 0;
      if (only !== undefined || !isOne) return undefined;
      only = 32 * i + 31 - Math.clz32(word);
    }
    return only === undefined || this.tokens.eosIds.includes(only) ? undefined : only;
  }

  /** Whether the answer is whole and nothing may follow. */
  get isComplete(): boolean {
    return this.#state.mayEnd && this.#state.stacks.length === 0;
  }

  /** Goes on with the bytes of a token that the mask has; gives the error of an answer that none of the tokens can go on with. */
  advance(bytes: Uint8Array): EngineError | undefined {
    let state: AutomatonState | undefined = this.#state;
    for (const byte of bytes) {
      state = this.automaton.step(state, byte);
      if (!state) throw new Error('a token that the mask does not have');
    }
    this.#state = state;
    return this.isComplete || this.mask.some((word) => word !== 0) ? undefined : noWayToGoOn();
  }

  /** Begins anew. */
  reset(): void {
    this.#state = this.automaton.initial;
  }

  #maskOf(state: AutomatonState): Uint32Array {
    const { trie, further, eosIds, vocabSize } = this.tokens;
    const mask = new Uint32Array(Math.ceil(vocabSize / 32));
    const set = (id: number) => void (mask[id >>> 5]! |= 1 << (id & 31));
    if (state.mayEnd) for (const id of eosIds) set(id);
    for (const { id, bytes } of further) if (this.#leads(state, bytes)) set(id);
    const { depth, byte, end, firstId, ids } = trie;
    const states: AutomatonState[] = [state];
    for (let node = 0; node < byte.length;) {
      const next = this.automaton.step(states[depth[node]! - 1]!, byte[node]!);
      if (!next) {
        node = end[node]!;
        continue;
      }
      states[depth[node]!] = next;
      for (let i = firstId[node]!; i < firstId[node + 1]!; i++) set(ids[i]!);
      node++;
    }
    return mask;
  }

  #leads(state: AutomatonState, bytes: Uint8Array): boolean {
    let next: AutomatonState | undefined = state;
    for (const byte of bytes) next = next && this.automaton.step(next, byte);
    return next !== undefined;
  }
}
