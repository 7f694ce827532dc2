/** A vocabulary as grammars look at it. Built once a tokenizer. */
import { pause } from '../util/pause';
import { buildTrie, type TokenBytes, type TokenTrie } from './token-trie';

/** What is to be known of a tokenizer. */
interface TokenSource {
  /** Tokens that the model may choose. */
  readonly vocabSize: number;
  /** UTF-8 of a token; empty where an id stands for none. */
  tokenBytes(id: number): Uint8Array;
  isSpecial(id: number): boolean;
}

/** Tokens to look at before others have their turn. */
const tokensATurn = 8192;

/** The trie of all tokens that are text, special ones and `eosIds` left out; read in slices between which the engine goes on. */
export async function readVocabulary(source: TokenSource, eosIds: readonly number[]): Promise<TokenTrie> {
  const tokens: TokenBytes[] = [];
  for (let id = 0; id < source.vocabSize; id++) {
    if (id > 0 && id % tokensATurn === 0) await pause();
    const bytes = source.tokenBytes(id);
    if (bytes.length > 0 && !source.isSpecial(id) && !eosIds.includes(id)) tokens.push({ id, bytes });
  }
  return buildTrie(tokens);
}
