/** Sentences that answer nothing: from books where the folder is present, generated, or RULER's repeated noise. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random';

/** What generated sentences are put together from. */
export interface Prose {
  readonly times: readonly string[];
  readonly who: readonly string[];
  readonly did: readonly string[];
  readonly how: readonly string[];
  readonly noise: readonly string[];
}

/** An endless row of sentences. */
export type Haystack = Generator<string, never>;

/** The parts of the books that Scout was not trained on: file and the share of it, [start, end), that is read. */
const heldOutBooks: readonly (readonly [name: string, start: number, end: number])[] = [
  ['alice29.txt', 0, 1],
  ['moby-dick.txt', 0.5, 1],
];

/** Sentences of the held-out public-domain books in `folder`, in reading order; none where the books are missing. */
export function readBooks(folder: string): string[] {
  return heldOutBooks.flatMap(([name, start, end]) => {
    const path = join(folder, name);
    if (!existsSync(path)) return [];
    const text = readFileSync(path, 'utf8');
    return splitSentences(text.slice(text.length * start, text.length * end));
  });
}

/** Sentences of 30 to 400 characters, their line breaks turned into spaces. */
export function splitSentences(text: string): string[] {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?;”])\s+(?=[A-Z“`'])/)
    .filter((sentence) => sentence.length >= 30 && sentence.length <= 400);
}

/** The sentences over and over, from a random one on. */
export function* bookHaystack(random: Random, sentences: readonly string[]): Haystack {
  for (let i = random.integer(0, sentences.length - 1); ; i++) yield sentences[i % sentences.length]!;
}

/** RULER's noise over and over. */
export function* noiseHaystack({ noise }: Prose): Haystack {
  for (let i = 0; ; i++) yield noise[i % noise.length]!;
}

/** Made-up sentences of village life. */
export function* generatedHaystack(random: Random, { times, who, did, how }: Prose): Haystack {
  for (;;) {
    const [time, subject, deed] = [random.pick(times), random.pick(who), random.pick(did)];
    const form = random.integer(0, 2);
    if (form === 0) yield `${time} ${subject} ${deed}.`;
    else if (form === 1) yield `${capital(subject)} ${deed} ${random.pick(how)}.`;
    else yield `${time} ${subject} ${deed}, ${random.pick(how)}.`;
  }
}

/** With a capital at the start. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
