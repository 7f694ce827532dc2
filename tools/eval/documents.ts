/** Builds the bench's documents: seeded, of a given length in the model's own tokens, each with its questions. Pure. */
import { arrange, fittingSections, type CountTokens } from './arrange';
import type { Facts, Split } from './facts';
import { bookHaystack, generatedHaystack, noiseHaystack, type Haystack } from './haystack';
import { Random } from './random';
import { commonWords, manyNeedles, singleNeedles, variableChains } from './ruler';
import type { Conversation, DocumentKind, EvalDocument, Section, Task } from './task';

/** Where documents come from. */
export interface Sources {
  readonly facts: Facts;
  readonly split: Split;
  /** Sentences of public-domain books; without any, haystacks are generated. */
  readonly books: readonly string[];
  readonly countTokens: CountTokens;
  readonly seed: number;
}

/** Which document to build. */
export interface DocumentWish {
  readonly kind: DocumentKind;
  readonly lengthTokens: number;
  /** Distinguishes documents of one kind and length. */
  readonly index: number;
  /** Conversations to keep of each task, at most. */
  readonly numPerTask: number;
}

/** The document that is wished for; the same wish and sources give the same one. */
export function buildDocument(sources: Sources, wish: DocumentWish): EvalDocument {
  const { kind, lengthTokens, index, numPerTask } = wish;
  const { countTokens } = sources;
  const id = `${kind}-${lengthTokens}-${index}`;
  const random = new Random(`${sources.seed} ${sources.split} ${id}`);
  const sections = fittingSections(chooseSections(sources, wish, random), lengthTokens, countTokens);
  const haystack = chooseHaystack(sources, kind, random);
  const { text, filler } = arrange({ random, sections, haystack, lengthTokens, countTokens });
  const asked = sections.flatMap((section) => section.conversations);
  if (kind === 'single') asked.push(...quotations(random, filler, numPerTask));
  return { id, kind, lengthTokens, text, conversations: keepPerTask(asked, numPerTask) };
}

function chooseSections(
  { facts, split, countTokens }: Sources,
  { kind, lengthTokens, index }: DocumentWish,
  random: Random,
): readonly Section[] {
  const { words, documents } = facts.splits[split];
  switch (kind) {
    case 'register':
      return documents[index % documents.length]!;
    case 'single':
      return [singleNeedles(random, words)];
    case 'many':
      return [manyNeedles(random, words)];
    case 'variables':
      return [variableChains(random, 4, 3)];
    case 'words': {
      const perEntry = countTokens('\n100. saddle');
      return [commonWords(random, words, Math.floor((0.94 * lengthTokens) / perEntry))];
    }
  }
}

/** A document is one book's or one sort of filler throughout; a list of words has none. */
function chooseHaystack({ facts, books }: Sources, kind: DocumentKind, random: Random): Haystack | undefined {
  if (kind === 'words') return undefined;
  if (kind === 'variables') return noiseHaystack(facts.prose);
  return books.length > 0 ? bookHaystack(random, books) : generatedHaystack(random, facts.prose);
}

/** Sentences of the filler, asked for by their first words, where no other sentence begins with them. */
function quotations(random: Random, filler: readonly string[], count: number): Conversation[] {
  const opening = (sentence: string) => sentence.split(' ').slice(0, 4).join(' ');
  const counts = new Map<string, number>();
  for (const sentence of filler) counts.set(opening(sentence), (counts.get(opening(sentence)) ?? 0) + 1);
  const quotable = filler.filter((sentence) => {
    const numWords = sentence.split(' ').length;
    return numWords >= 7 && numWords <= 40 && counts.get(opening(sentence)) === 1;
  });
  return random.sample(quotable, count).map((sentence) => [
    {
      task: 'quote' as const,
      question: `Quote the sentence that begins with "${opening(sentence)}".`,
      answer: `"${sentence}"`,
      fields: [sentence],
    },
  ]);
}

/** The first conversations of each task, by the task of their last turn. */
function keepPerTask(conversations: readonly Conversation[], count: number): Conversation[] {
  const kept = new Map<Task, number>();
  return conversations.filter((conversation) => {
    const { task } = conversation.at(-1)!;
    const numKept = kept.get(task) ?? 0;
    kept.set(task, numKept + 1);
    return numKept < count;
  });
}
