/** The committed facts behind the registers: their file format, and sections of one document. */
import { readFileSync } from 'node:fs';
import type { Prose } from './haystack';
import type { Section } from './task';

/** Whether the words of names and values were used in Scout's training. The documents are new either way. */
export const splits = ['familiar', 'heldout'] as const;

export type Split = (typeof splits)[number];

/** Words to make keys and secrets of. */
export interface Words {
  readonly adjectives: readonly string[];
  readonly nouns: readonly string[];
  readonly places: readonly string[];
}

/** What `data/facts.jsonl` holds. */
export interface Facts {
  readonly prose: Prose;
  readonly splits: Readonly<Record<Split, SplitFacts>>;
}

/** One split's words, and the sections of each of its documents. */
interface SplitFacts {
  readonly words: Words;
  readonly documents: readonly (readonly Section[])[];
}

/** A line of the file: the prose, a split's words, or the sections of one document. */
type Line = { prose: Prose } | { split: Split; words: Words } | { split: Split; parts: Section[] };

/** Reads the file that `data/make.py` writes. @throws Error when it is missing or not such a file */
export function readFacts(path: string): Facts {
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const [first] = lines;
  if (!first || !('prose' in first)) throw new Error(`'${path}' does not begin with the prose of haystacks.`);
  const splitFacts = (split: Split): SplitFacts => {
    const own = lines.filter((line) => 'split' in line).filter((line) => line.split === split);
    const words = own.find((line) => 'words' in line)?.words;
    if (!words) throw new Error(`'${path}' has no words of the split '${split}'.`);
    return { words, documents: own.filter((line) => 'parts' in line).map(({ parts }) => parts) };
  };
  return { prose: first.prose, splits: { familiar: splitFacts('familiar'), heldout: splitFacts('heldout') } };
}
