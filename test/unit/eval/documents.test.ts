import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { arrange, fittingSections } from '../../../tools/eval/arrange';
import { buildDocument, type Sources } from '../../../tools/eval/documents';
import { readFacts, splits } from '../../../tools/eval/facts';
import { bookHaystack, generatedHaystack, readBooks, splitSentences } from '../../../tools/eval/haystack';
import { Random } from '../../../tools/eval/random';
import { documentKinds, tasks, type DocumentKind, type Section } from '../../../tools/eval/task';
import { scoreAnswer } from '../../../tools/eval/score';

const facts = readFacts('tools/eval/data/facts.jsonl');
/** A word or a mark is a token here. */
const countTokens = (text: string) => text.match(/\w+|[^\w\s]/g)?.length ?? 0;
const sources: Sources = { facts, split: 'familiar', books: [], countTokens, seed: 1 };
const build = (kind: DocumentKind, lengthTokens: number, changes: Partial<Sources> = {}) =>
  buildDocument({ ...sources, ...changes }, { kind, lengthTokens, index: 0, numPerTask: 3 });

describe('documents', () => {
  test.each(documentKinds)('%s: of the wanted length, with questions, and the same again', (kind) => {
    const document = build(kind, 1500);
    expect(countTokens(document.text)).toBeGreaterThan(0.9 * 1500);
    expect(countTokens(document.text)).toBeLessThanOrEqual(1500);
    expect(document.conversations.length).toBeGreaterThan(0);
    expect(build(kind, 1500)).toEqual(document);
    expect(build(kind, 1500, { seed: 2 }).text).not.toBe(document.text);
  });

  test('together they ask every task', () => {
    const asked = documentKinds.flatMap((kind) => build(kind, 2000).conversations.map((c) => c.at(-1)!.task));
    expect(new Set(asked)).toEqual(new Set(tasks));
  });

  test('the right answer to every question has the full score, and an empty one has none', () => {
    for (const kind of documentKinds) {
      for (const conversation of build(kind, 2000).conversations) {
        const turn = conversation.at(-1)!;
        expect(scoreAnswer(turn, turn.answer), turn.question).toBe(1);
        expect(scoreAnswer(turn, ''), turn.question).toBe(0);
      }
    }
  });

  test('needles and quotations stand in the text', () => {
    for (const kind of ['single', 'many', 'variables'] as const) {
      const { text, conversations } = build(kind, 2000);
      for (const conversation of conversations) {
        const turn = conversation.at(-1)!;
        for (const field of turn.task === 'absent' ? [] : (turn.fields ?? [turn.answer])) {
          expect(text).toContain(field);
        }
      }
    }
  });

  test('no more conversations of a task than asked for', () => {
    const counts = new Map<string, number>();
    for (const conversation of build('register', 2000).conversations) {
      const { task } = conversation.at(-1)!;
      counts.set(task, (counts.get(task) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBe(3);
  });

  test('a follow-up brings the turns before it', () => {
    const found = build('register', 2000).conversations.filter((c) => c.at(-1)!.task === 'follow-up');
    expect(found.length).toBeGreaterThan(0);
    for (const conversation of found) expect(conversation.length).toBeGreaterThan(1);
  });
});

describe('committed facts', () => {
  test.each(splits)('%s: answers are in the sentences, and all records make a long answer', (split) => {
    for (const document of facts.splits[split].documents) {
      for (const { sentences, conversations } of document) {
        const text = sentences.join(' ');
        for (const turn of conversations.flat()) {
          if (turn.task === 'absent') expect(turn.answer).toBe('The document does not say.');
          for (const field of turn.fields ?? []) expect(text).toContain(field);
          if (turn.task === 'json-all') expect(turn.answer.length).toBeGreaterThan(600);
        }
      }
    }
  });

  test('the splits share no place', () => {
    const { familiar, heldout } = facts.splits;
    expect(familiar.words.places.filter((place) => heldout.words.places.includes(place))).toEqual([]);
  });
});

describe('arrange', () => {
  const section: Section = {
    heading: '',
    isTogether: false,
    sentences: ['One.', 'Two.', 'Three.'],
    conversations: [],
  };
  const order = (text: string) => ['One.', 'Two.', 'Three.'].map((sentence) => text.indexOf(sentence));

  test('sentences keep their order among filler', () => {
    const random = new Random('x');
    const haystack = generatedHaystack(random, facts.prose);
    const { text, filler } = arrange({
      random,
      sections: [section],
      haystack,
      lengthTokens: 300,
      countTokens,
    });
    const places = order(text);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(filler.length).toBeGreaterThan(5);
    for (const sentence of filler) expect(text).toContain(sentence);
  });

  test('a block stays together under its heading', () => {
    const random = new Random('y');
    const block = {
      ...section,
      heading: 'Minutes',
      isTogether: true,
      sentences: ['\nOne.', '\nTwo.', '\nThree.'],
    };
    const haystack = generatedHaystack(random, facts.prose);
    const { text } = arrange({ random, sections: [block], haystack, lengthTokens: 300, countTokens });
    expect(text).toContain('\nMinutes\nOne.\nTwo.\nThree.');
  });

  test('sections that do not fit stay out, the first never', () => {
    const large = { ...section, sentences: Array<string>(100).fill('A long one.') };
    expect(fittingSections([section, large, section], 100, countTokens)).toEqual([section]);
    expect(fittingSections([large, section], 100, countTokens)).toEqual([large]);
  });
});

describe('books', () => {
  test('sentences are cut at their ends, short and long ones left out', () => {
    const text = `Short. It was a bright\ncold day in the month of April. ${'Long '.repeat(100)}. The end of the story came soon after.`;
    expect(splitSentences(text)).toEqual([
      'It was a bright cold day in the month of April.',
      'The end of the story came soon after.',
    ]);
  });

  test('a missing folder has no books', () => expect(readBooks('no/such/folder')).toEqual([]));

  test.runIf(existsSync('../shared/texts/alice29.txt'))('the held-out books, where they are present', () => {
    const books = readBooks('../shared/texts');
    expect(books.length).toBeGreaterThan(1000);
    expect(bookHaystack(new Random('z'), books).next().value).toBeTypeOf('string');
    expect(build('single', 1500, { books }).text).not.toBe(build('single', 1500).text);
  });
});
