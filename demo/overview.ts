/** A short summary of a document and three questions to begin with, as the model itself writes them: what is asked for, and when. Pure. */
import type { ChatCompletionRequest } from '../src/index';

/** What the model wrote on a document. */
export interface Overview {
  readonly documentId: string;
  /** Of the text that it is on (`digestOf`). */
  readonly textDigest: string;
  readonly modelName: string;
  readonly summary: string;
  readonly questions: readonly string[];
}

/** Questions that are asked for. */
const numQuestions = 3;

/** Tokens of a summary: two or three sentences. */
const summaryTokens = 120;

/** Tokens of all questions, at most one a character: small models split names and foreign scripts that finely. */
const questionTokens = 400;

/** One question on a line of its own, in any script. */
const questionPattern = String.raw`[^\s?？؟][^\n?？؟]{6,110}[?？؟]`;

const questionsPattern = Array.from({ length: numQuestions }, (_, i) => `${i + 1}\\. ${questionPattern}`);

/** What a branch of the document's sequence is asked: greedy, and without thinking first. */
function requestOn(document: string, content: string): ChatCompletionRequest {
  return {
    messages: [{ role: 'user', content }],
    document,
    temperature: 0,
    reasoning_effort: 'none',
  };
}

/** Asks for a summary. */
export function summaryRequest(documentId: string): ChatCompletionRequest {
  const content = 'Summarize the document in two or three short sentences. Write nothing else.';
  return { ...requestOn(documentId, content), max_tokens: summaryTokens };
}

/** Asks for questions, held to a numbered list. */
export function questionsRequest(documentId: string): ChatCompletionRequest {
  const content = `Write ${numQuestions} short questions that the document answers, as a numbered list, in the language of the document.`;
  return {
    ...requestOn(documentId, content),
    max_tokens: questionTokens,
    response_format: { type: 'regex', pattern: questionsPattern.join(String.raw`\n`) },
  };
}

/** A sentence to its end, and whatever closes behind it. */
const sentence = /.*?(?:[.!?…][\p{Pe}\p{Pf}"']*(?=\s|$)|[。！？])/gu;

/** A summary up to the end of its last whole sentence, each once: small models repeat themselves. All of it where none ends. */
export function tidySummary(text: string): string {
  const tidy = text.replace(/\s+/g, ' ').trim();
  const sentences = tidy.match(sentence) ?? [];
  if (sentences.length === 0) return tidy === '' ? '' : `${tidy}…`;
  const words = sentences.map((one) => one.trim().toLowerCase());
  return sentences
    .filter((_, i) => words.indexOf(words[i]!) === i)
    .join('')
    .trim();
}

/** The questions of a numbered list, each once; one that was cut is none. */
export function questionsIn(list: string): string[] {
  const questions = list
    .split('\n')
    .map((line) => line.replace(/^\d+\.\s*/, '').trim())
    .filter((line) => /[?？؟]$/.test(line));
  const words = questions.map((question) => question.toLowerCase());
  return questions.filter((_, i) => words.indexOf(words[i]!) === i);
}

/** What decides whether an overview is written. */
export interface OverviewFacts {
  /** Whether the model looks facts up and writes nothing of its own. */
  readonly isScout: boolean;
  /** Whether the document ships with the page, which brings questions of its own. */
  readonly isSample: boolean;
  /** Whether it is read to its end. A model without a chat template reads none. */
  readonly isComplete: boolean;
  /** Whether the processor does the GPU's work. */
  readonly isSlow: boolean;
  /** Whether it has just been read here, and nobody has asked anything about it. */
  readonly isFresh: boolean;
}

/**
 * `idle`: by itself, for the person has just had the document read, and the GPU has nothing else to do. `on demand`: where it would
 * take a minute, and when somebody comes back to a document.
 */
export function whenWritten(facts: OverviewFacts): 'never' | 'on demand' | 'idle' {
  if (facts.isScout || facts.isSample || !facts.isComplete) return 'never';
  return facts.isFresh && !facts.isSlow ? 'idle' : 'on demand';
}

/** Characters that are hashed in one go: the page stands still while they become bytes. */
const pieceChars = 2 ** 19;

/** Names a text by its content: SHA-256 over those of its pieces, in hexadecimal. */
export async function digestOf(text: string): Promise<string> {
  const digests: string[] = [];
  for (let at = 0; at < text.length; at += pieceChars) {
    digests.push(await sha256(text.slice(at, at + pieceChars)));
  }
  return sha256(digests.join());
}

async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
