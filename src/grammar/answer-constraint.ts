/** The door of this part: a format and a tokenizer in, what holds one answer to the format out. */
import type { AnswerFormat } from './answer-format';
import { FollowedAnswer } from './followed-answer';
import { formatAutomaton } from './format-grammar';
import { TokenGrammar } from './token-grammar';
import type { TokenTrie } from './token-trie';
import { readVocabulary } from './token-vocabulary';

/** What tokens stand for; a tokenizer is one. */
interface TokenTexts {
  tokenBytes(id: number): Uint8Array;
  isSpecial(id: number): boolean;
  idOf(token: string): number | undefined;
}

/** What a grammar needs to know of the model. */
interface GrammarModel {
  readonly tokenizer: TokenTexts;
  /** Tokens that it may choose. */
  readonly vocabSize: number;
  readonly eosIds: readonly number[];
  /** Special tokens that are text in this answer. */
  readonly marks: readonly string[];
  /** Spaces at the beginning of an answer that are no part of its text. */
  readonly numPrefixSpaces: number;
}

/** By tokenizer: made once, with the first format. */
const vocabularies = new WeakMap<TokenTexts, Promise<TokenTrie>>();

/** @throws EngineError `unsupported` for a format that cannot be enforced, naming the field */
export async function answerConstraint(
  format: AnswerFormat,
  { tokenizer, vocabSize, eosIds, marks, numPrefixSpaces }: GrammarModel,
): Promise<FollowedAnswer> {
  const automaton = formatAutomaton(format, numPrefixSpaces);
  const known = vocabularies.get(tokenizer);
  const reading =
    known ??
    readVocabulary(
      {
        vocabSize,
        tokenBytes: (id) => tokenizer.tokenBytes(id),
        isSpecial: (id) => tokenizer.isSpecial(id),
      },
      eosIds,
    );
  if (!known) vocabularies.set(tokenizer, reading);
  const further = marks.flatMap((text) => {
    const id = tokenizer.idOf(text);
    const isFurther = id !== undefined && id < vocabSize && tokenizer.isSpecial(id) && !eosIds.includes(id);
    return isFurther ? [{ id, bytes: tokenizer.tokenBytes(id) }] : [];
  });
  const grammar = new TokenGrammar(automaton, { trie: await reading, further, eosIds, vocabSize });
  return new FollowedAnswer(grammar, (id) => tokenizer.tokenBytes(id));
}
