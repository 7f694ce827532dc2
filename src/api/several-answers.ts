/** Several answers to one request (`n`): the prompt is read once, and the others begin on its pages. Fetched with the first such request. */
import type { GenerationEvent } from '../loop/generation-event';
import { AsyncQueue } from '../util/async-queue';
import { endedBy } from '../util/ended-by';
import { together } from '../util/together';
import type { Generate, Presentation } from './create';
import type { CompletionUsage } from './usage';
import type { ValidatedRequest } from './validate-chat-request';

/** What answers of either kind have in common. */
interface AnswerShape {
  choices: { index: number }[];
  usage?: CompletionUsage | null;
}

/**
 * Begins the first answer, and the others as soon as its prompt is read. They are whole in one object, or chunks in the order in which
 * they come; the usage counts the prompt once. The first failure ends them all.
 * @throws what `generate` throws; the signal's reason when aborted
 */
export async function severalAnswers<Whole extends AnswerShape, Chunk extends AnswerShape>(
  generate: Generate,
  { request, response }: ValidatedRequest,
  { whole, stream }: Presentation<Whole, Chunk>,
  signal?: AbortSignal,
): Promise<Whole | AsyncGenerator<Chunk, void, undefined>> {
  const indices = Array.from({ length: response.numChoices }, (_, i) => i);
  let promptRead: () => void = () => undefined;
  const isPromptRead = new Promise<void>((resolve) => (promptRead = resolve));
  const begin = async (index: number, inner: AbortSignal) => {
    inner.addEventListener('abort', promptRead);
    if (index === 0) return noted(await generate(request, inner), promptRead);
    await isPromptRead;
    inner.throwIfAborted();
    const seed = seedOf(request.sampling.seed, index);
    return generate({ ...request, sampling: { ...request.sampling, seed } }, inner);
  };
  if (!response.isStream) {
    const answers = await together<Whole[]>(signal, (inner) =>
      indices.map(async (index) => whole(await begin(index, inner), response)),
    );
    return {
      ...answers[0]!,
      choices: answers.flatMap(({ choices }, index) => choices.map((choice) => ({ ...choice, index }))),
      usage: summed(answers.map(({ usage }) => usage!)),
    };
  }
  const left = new AbortController();
  const either = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const first = await begin(0, either);
  const queue = new AsyncQueue<Chunk>();
  const usages: CompletionUsage[] = [];
  let last: Chunk | undefined;
  const tell = async (index: number, events: AsyncIterable<GenerationEvent>) => {
    for await (const chunk of stream(events, { ...response, includeUsage: true })) {
      last = chunk;
      if (chunk.usage) {
        usages[index] = chunk.usage;
        continue;
      }
      if (!response.includeUsage) delete chunk.usage;
      for (const choice of chunk.choices) choice.index = index;
      queue.push(chunk);
    }
    return undefined;
  };
  const ended = together<undefined[]>(either, (inner) => {
    // The first began before this: what ends the others ends it too.
    inner.addEventListener('abort', () => left.abort(inner.reason));
    return indices.map(async (index) => tell(index, index === 0 ? first : await begin(index, inner)));
  });
  ended.then(
    () => {
      if (response.includeUsage) queue.push({ ...last!, choices: [], usage: summed(usages) });
      queue.close();
    },
    (error: unknown) => queue.fail(error),
  );
  return endedBy(queue[Symbol.asyncIterator](), () => left.abort());
}

/** The same events; `promptRead` is called with those after the start. */
async function* noted(
  events: AsyncIterable<GenerationEvent>,
  promptRead: () => void,
): AsyncGenerator<GenerationEvent, void> {
  for await (const event of events) {
    if (event.kind !== 'start') promptRead();
    yield event;
  }
}

/** A seed for each answer; the first has the request's own, so that it is the one that would be given alone. */
function seedOf(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x9e3779b1)) >>> 0;
}

/** The prompt's tokens once, as the first answer has them, and those of all answers. */
function summed(usages: readonly CompletionUsage[]): CompletionUsage {
  const sum = (numOf: (usage: CompletionUsage) => number) =>
    usages.reduce((total, usage) => total + numOf(usage), 0);
  const [first] = usages;
  const numTokens = sum(({ completion_tokens: num }) => num);
  const numThought = sum(({ completion_tokens_details: details }) => details?.reasoning_tokens ?? 0);
  return {
    ...first!,
    completion_tokens: numTokens,
    total_tokens: first!.prompt_tokens + numTokens,
    ...(numThought > 0 && { completion_tokens_details: { reasoning_tokens: numThought } }),
  };
}
