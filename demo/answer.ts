/** A question to the engine, and the answer to it as it grows. */
import type {
  AnswerSources,
  ChatCompletionMessageParam,
  ChatCompletionRequest,
  Engine,
  ReadingProgress,
} from '../src/index';
import { AnswerPace } from './answer-pace';
import type { Source } from './conversation';
import { maxAnswerTokens } from './fit';

/** What is to be answered, and how. */
export interface Question {
  readonly messages: ChatCompletionMessageParam[];
  /** The documents that the question is about, in order; none for a chat without one. */
  readonly documentIds: readonly string[];
  /** Told how far they are read, where several are asked together; at the end with undefined. */
  readonly onReading?: (progress: ReadingProgress | undefined) => void;
  /** 0 is greedy. */
  readonly temperature: number;
}

/** An answer so far. */
export interface Answer {
  readonly content: string;
  /** What the model thought before it; absent where it did not. */
  readonly thoughts?: string;
  readonly isCut: boolean;
  /** From the question to the first text; undefined before it. */
  readonly firstTokenMs: number | undefined;
  readonly tokensPerSecond: number | undefined;
  /** Where it came from, once it is complete and about a document. */
  readonly sources?: readonly Source[];
  readonly isGuess?: boolean;
}

/** Reads the question's documents behind each other where there are several, and answers. @throws what the engine throws */
export async function* answers(
  engine: Engine,
  question: Question,
  isExact: boolean,
  signal: AbortSignal,
): AsyncGenerator<Answer, void> {
  const pace = new AnswerPace(performance.now());
  const { documentIds, onReading } = question;
  if (documentIds.length > 1) {
    try {
      await engine.documents.readTogether(documentIds, {
        signal,
        ...(onReading && { onProgress: onReading }),
      });
    } finally {
      onReading?.(undefined);
    }
  }
  const stream = await engine.chat.completions.create(requestFor(question, isExact), { signal });
  let content = '';
  let thoughts = '';
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (!choice) continue;
    const { content: said = '', reasoning_content: thought = '' } = choice.delta;
    content += said;
    thoughts += thought;
    if (said + thought !== '') pace.add(performance.now());
    yield {
      content,
      ...(thoughts !== '' && { thoughts }),
      isCut: choice.finish_reason === 'length',
      firstTokenMs: pace.firstTokenMs,
      tokensPerSecond: pace.tokensPerSecond,
      ...(choice.sources && describeSources(choice.sources)),
    };
  }
}

function requestFor(
  { messages, documentIds, temperature }: Question,
  isExact: boolean,
): ChatCompletionRequest & { stream: true } {
  const [document] = documentIds;
  return {
    messages,
    max_tokens: maxAnswerTokens,
    temperature,
    stream: true,
    ...(document !== undefined && { sources: true }),
    ...(documentIds.length > 1 ? { documents: documentIds } : document !== undefined && { document }),
    ...(isExact && { exact: true }),
  };
}

function describeSources({ calibrated, passages }: AnswerSources): Pick<Answer, 'sources' | 'isGuess'> {
  const sources = passages.map(
    ({ start_char: start = 0, end_char: end = 0, mass, location, document: id, title = '', text = '' }) => ({
      start,
      end,
      mass,
      ...(location !== undefined && { location }),
      ...(id !== undefined && { document: { id, title, text } }),
    }),
  );
  return { sources, isGuess: !calibrated };
}
