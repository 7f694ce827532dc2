/** Puts sections and filler together into one text of a given length. Pure. */
import type { Haystack } from './haystack';
import type { Random } from './random';
import type { Section } from './task';

/** Tokens of a text, without special ones. */
export type CountTokens = (text: string) => number;

/** What a text is made from. */
interface Arrangement {
  readonly random: Random;
  readonly sections: readonly Section[];
  readonly haystack: Haystack | undefined;
  readonly lengthTokens: number;
  readonly countTokens: CountTokens;
}

/** A text, and the filler in it in reading order. */
interface ArrangedText {
  readonly text: string;
  readonly filler: readonly string[];
}

/** Share of the wanted length that texts aim at: tokens across a border between sentences are counted apart. */
const fillTo = 0.96;

/** Sections that fit a text of that length, in order: the first always, each further one while 85 % are not exceeded. */
export function fittingSections(
  sections: readonly Section[],
  lengthTokens: number,
  countTokens: CountTokens,
): Section[] {
  const fitting: Section[] = [];
  let numTokens = 0;
  for (const section of sections) {
    numTokens += sizeOf(section, countTokens);
    if (fitting.length > 0 && numTokens > 0.85 * lengthTokens) break;
    fitting.push(section);
  }
  return fitting;
}

/** Spreads each section over the filler, or sets it as a block, and keeps its order; paragraphs are of random length. */
export function arrange({
  random,
  sections,
  haystack,
  lengthTokens,
  countTokens,
}: Arrangement): ArrangedText {
  const sizes = sections.map((section) => sizeOf(section, countTokens));
  let numTokens = sizes.reduce((sum, size) => sum + size, 0);
  const filler: string[] = [];
  while (haystack && numTokens < fillTo * lengthTokens) {
    const sentence = haystack.next().value;
    filler.push(sentence);
    numTokens += countTokens(` ${sentence}`);
  }
  const placed = spread(random, filler);
  for (const section of sections) {
    if (section.isTogether) placed.push(...block(random.unit(), section));
    else placed.push(...spread(random, section.sentences));
  }
  placed.sort((a, b) => a.at - b.at || a.order - b.order);
  return { text: paragraphs(random, placed), filler };
}

interface Placed {
  /** Place in the document, 0 … 1. */
  readonly at: number;
  /** Among sentences of one place. */
  readonly order: number;
  readonly sentence: string;
}

function spread(random: Random, sentences: readonly string[]): Placed[] {
  const places = sentences.map(() => random.unit()).sort((a, b) => a - b);
  return sentences.map((sentence, order) => ({ at: places[order]!, order, sentence }));
}

function block(at: number, { heading, sentences }: Section): Placed[] {
  const lines = heading === '' ? sentences : [`\n${heading}`, ...sentences];
  return lines.map((sentence, order) => ({ at, order, sentence }));
}

function paragraphs(random: Random, placed: readonly Placed[]): string {
  let text = '';
  let numLeft = 0;
  for (const { sentence } of placed) {
    if (sentence.startsWith('\n')) {
      text += sentence;
      numLeft = 0;
    } else if (numLeft > 0) {
      text += ` ${sentence}`;
      numLeft--;
    } else {
      text += `\n\n${sentence}`;
      numLeft = random.integer(1, 7);
    }
  }
  return text.replace(/^\n+/, '');
}

function sizeOf({ sentences }: Section, countTokens: CountTokens): number {
  return sentences.reduce((sum, sentence) => sum + countTokens(` ${sentence}`), 0);
}
