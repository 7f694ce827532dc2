/**
 * What crosses to the worker for one request, and what comes back: plain data that `postMessage` clones. Not the OpenAI shapes
 * (those are in `src/api/`) and not the engine's own state.
 */

import type { AnswerFormat } from '../grammar/answer-format';
import type { MassWish } from '../runner/mass-wish';
import type { ChatMessage } from '../tokenizer/chat-message';

/** What a conversation is about: a document kept in the library, several of them, or a text given with the request. */
export type DocumentSource = { id: string } | { ids: string[] } | { text: string };

/** What is to be continued. */
export type Prompt =
  | {
      kind: 'chat';
      messages: ChatMessage[];
      document?: DocumentSource;
      /** Further names that the chat template sees: plain JSON. */
      variables?: Record<string, unknown>;
    }
  /** Raw text: no template; the tokenizer adds its BOS where the model's files say so. */
  | { kind: 'text'; text: string }
  /** Token ids, taken as they are: no template, no BOS added. */
  | { kind: 'ids'; ids: number[] };

/** How the next token is drawn from the logits. A neutral value switches its part off. */
export interface SamplingSettings {
  /** 0 ≤ temperature ≤ 2; 0 is greedy. */
  temperature: number;
  /** 0 ≤ topP ≤ 1; 1 is off; the likeliest token always stays. */
  topP: number;
  /** Integer ≥ 0; 0 is off. */
  topK: number;
  /** 0 ≤ minP ≤ 1, relative to the likeliest token's probability; 0 is off. */
  minP: number;
  /** 0.01 ≤ repetitionPenalty ≤ 100; 1 is off. */
  repetitionPenalty: number;
  /** −2 … 2, times the token's count in the answer so far; 0 is off. */
  frequencyPenalty: number;
  /** −2 … 2, once for a token that the answer already has; 0 is off. */
  presencePenalty: number;
  /** Unsigned 32-bit; the same seed and settings give the same tokens. */
  seed: number;
  /** `[token id, bias]` added to the logits, bias in −100 … 100; ids are distinct and ascending. */
  logitBias: [id: number, value: number][];
}

/** One request, checked, with every default filled in. */
export interface GenerationRequest {
  prompt: Prompt;
  /** The most tokens to generate, ≥ 1; absent: until the context is full. */
  maxTokens?: number;
  /** Strings that end the answer, none empty; the answer is cut before them. */
  stop: string[];
  sampling: SamplingSettings;
  /** How many of the likeliest tokens to report at each step, 0 … 20 (0: only the chosen one's); absent: no log-probabilities. */
  logprobs?: number;
  /** Every page attended, whatever the page budget says. */
  isExact: boolean;
  /** What every token of the answer keeps to; not with `ignoreEos`. */
  format?: AnswerFormat;
  /** Go on past the model's end-of-sequence tokens. */
  ignoreEos: boolean;
  /**
   * Texts of special tokens that stay in the answer's text, which leaves others out; those that the vocabulary does not have do not
   * matter. With them the start of the answer says how the prompt ends.
   */
  marks?: string[];
  /** Say which passages the answer attended to most; absent: nothing is measured. */
  sources?: SourcesRequest;
}

/** Which passages are wanted. */
export interface SourcesRequest {
  /** At most so many, ≥ 1. */
  numPassages: number;
  /** What to measure; absent: how the heads that retrieve attend the text. */
  masses?: MassWish;
}

/** A passage of the prompt's document, or of the prompt where that is plain. */
export interface SourcePassage {
  /** Tokens of the prompt, half-open. */
  startToken: number;
  endToken: number;
  /** Share of the attention that went to it beyond an even one, 0 … 1. */
  mass: number;
  /** Of documents that are asked together: the one that it is of, and its title. */
  documentId?: string;
  documentTitle?: string;
  /** Characters of the document or the plain prompt, half-open, in UTF-16 units, and what they are; absent for token ids. */
  startChar?: number;
  endChar?: number;
  text?: string;
  /** The document's own name for the place, where it has a map of its text. */
  location?: string;
}

/** Where an answer came from. */
export interface Sources {
  /** Whether a calibration says which heads retrieve; otherwise all heads of the middle layers were used. */
  isCalibrated: boolean;
  /** Most mass first. */
  passages: SourcePassage[];
  /** Mean softmax mass of what counts of every page, over heads and tokens of the answer. */
  pageMasses: Float32Array;
}

/** A token with its natural log-probability. `bytes` are its UTF-8, which may be a part of a character. */
export interface TokenLogprob {
  id: number;
  /** The token's text alone; bytes that are no whole character show as U+FFFD. */
  text: string;
  bytes: number[];
  logprob: number;
}

/** The token that was chosen at one step, and the likeliest ones, best first. */
export interface StepLogprobs extends TokenLogprob {
  top: TokenLogprob[];
}

/** What one or more steps added to the answer. */
export interface GenerationDelta {
  /** New text; may be empty while a character or a stop string is undecided. */
  text: string;
  /** The ids generated since the delta before. */
  tokenIds: number[];
  /** One entry for each of `tokenIds`; absent unless asked for. */
  logprobs?: StepLogprobs[];
}

/** Why an answer ended: an end-of-sequence token or stop string, or the token limit. */
export type FinishReason = 'stop' | 'length';

/** Token counts of a finished request. */
export interface GenerationCounts {
  numPromptTokens: number;
  /** Of those, the ones whose KV pages were there already. */
  numCachedTokens: number;
  /** Generated tokens, the one that ended the answer included. */
  numCompletionTokens: number;
}

/** How a request ended. */
export interface GenerationEnd extends GenerationCounts {
  finishReason: FinishReason;
  /** Where asked for. */
  sources?: Sources;
}
