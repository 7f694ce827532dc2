/**
 * RULER's families (Hsieh et al., arXiv 2404.06654) as sections: needles with one or several keys and values, chains of variables,
 * common words. Wordings are those that Scout was trained on. Pure.
 */
import type { Words } from './facts';
import { capital } from './haystack';
import type { Random } from './random';
import type { Conversation, Section } from './task';

/** What a question about something that is not there is answered with. */
const absentAnswer = 'The document does not say.';

const askOne = [
  'What is the special magic number for KEY mentioned in the provided text?',
  'What is the special magic number for KEY?',
  'Which special magic number belongs to KEY?',
  'Give the magic number for KEY.',
];
const askAll = [
  'What are all the special magic numbers for KEY mentioned in the provided text?',
  'What are all the special magic numbers for KEY?',
  'List every special magic number for KEY.',
  'Give all magic numbers for KEY.',
];
const askVariables = [
  'Find all variables that are assigned the value KEY in the text above.',
  'Which variables have the value KEY?',
  'List all variables with the value KEY.',
];
/** Statements about a place, with the question. */
const secrets = [
  ['The secret word of KEY is VALUE.', 'What is the secret word of KEY?'],
  ['The best thing to do in KEY is to order the VALUE.', 'What is the best thing to do in KEY?'],
  ['The telephone number of KEY is VALUE.', 'What is the telephone number of KEY?'],
] as const;

/** One magic number and one secret of each sort, and questions about other keys, which have no answer. */
export function singleNeedles(random: Random, words: Words): Section {
  const [place, elsewhere, ...owners] = random.sample(words.places, 2 + secrets.length);
  const numbers = random.numbers(2, 7);
  const nouns = random.sample(words.nouns, secrets.length);
  const conversations = [question('needle-single', fill(random.pick(askOne), place!), numbers[0]!)];
  const sentences = [magic(place!, numbers[0]!)];
  for (const [i, [statement, asked]] of secrets.entries()) {
    const value = statement.startsWith('The telephone') ? numbers[1]! : nouns[i]!;
    sentences.push(fill(statement, owners[i]!, value));
    conversations.push(question('needle-single', fill(asked, owners[i]!), value));
  }
  conversations.push(question('absent', fill(random.pick(askOne), elsewhere!), absentAnswer));
  conversations.push(question('absent', fill(secrets[0][1], elsewhere!), absentAnswer));
  return scattered(random.shuffle(sentences), conversations);
}

/** Many keys with one number each, some with three. */
export function manyNeedles(random: Random, words: Words): Section {
  const [numSingle, numTriple] = [10, 3];
  const keys = random
    .sample(words.adjectives, numSingle + numTriple)
    .map((adjective) => `${adjective}-${random.pick(words.nouns)}`);
  const numbers = random.numbers(numSingle + 3 * numTriple, 7);
  const single = keys.slice(0, numSingle).map((key, i) => [key, numbers[i]!] as const);
  const triple = keys
    .slice(numSingle)
    .map((key, i) => [key, numbers.slice(numSingle + 3 * i, numSingle + 3 * i + 3)] as const);
  const said = random.shuffle([
    ...single,
    ...triple.flatMap(([key, values]) => values.map((v) => [key, v] as const)),
  ]);
  const inOrder = (key: string) => said.filter(([other]) => other === key).map(([, value]) => value);
  const conversations = [
    ...random
      .sample(single, 4)
      .map(([key, value]) => question('needle-multi-key', fill(random.pick(askOne), key), value)),
    ...triple.map(([key]) => {
      const values = inOrder(key);
      return question('needle-multi-value', fill(random.pick(askAll), key), `${join(values)}.`, values);
    }),
    ...[2, 3, 4].map((count) => {
      const chosen = random.sample(single, count);
      const answer = chosen.map(([key, value]) => `${key}: ${value}`).join('; ');
      const asked = fill(random.pick(askAll), join(chosen.map(([key]) => key)));
      return question(
        'needle-multi-query',
        asked,
        answer,
        chosen.map(([, value]) => value),
      );
    }),
  ];
  return scattered(
    said.map(([key, value]) => magic(key, value)),
    conversations,
  );
}

/** Chains of variables that pass a value on: `VAR B = VAR A.` */
export function variableChains(random: Random, numChains: number, numHops: number): Section {
  const names = variableNames(random, numChains * (numHops + 1));
  const values = random.numbers(numChains, 5);
  const chains = values.map(
    (value, i) => [value, names.slice(i * (numHops + 1), (i + 1) * (numHops + 1))] as const,
  );
  const placed = chains.flatMap(([value, chain]) => {
    const steps = chain.map((name, i) =>
      i === 0 ? `VAR ${name} = ${value}.` : `VAR ${name} = VAR ${chain[i - 1]!}.`,
    );
    const places = steps.map(() => random.unit()).sort((a, b) => a - b);
    return steps.map((sentence, i) => ({ sentence, at: places[i]! }));
  });
  return scattered(
    placed.sort((a, b) => a.at - b.at).map(({ sentence }) => sentence),
    chains.map(([value, chain]) =>
      question('variables', fill(random.pick(askVariables), value), `${chain.join(', ')}.`, chain),
    ),
  );
}

/** A numbered list in which three words come far more often than the rest. */
export function commonWords(random: Random, words: Words, numListed: number): Section {
  const vocabulary = random.sample([...words.nouns, ...words.adjectives], Math.max(8, numListed / 6));
  const [common, rare] = [vocabulary.slice(0, 3), vocabulary.slice(3)];
  const repeated = common.flatMap((word) => Array<string>(Math.max(3, Math.floor(numListed / 8))).fill(word));
  const others = Array.from({ length: numListed - repeated.length }, () => random.pick(rare));
  const listed = random.shuffle([...repeated, ...others]);
  const answer = [...common].sort((a, b) => listed.indexOf(a) - listed.indexOf(b));
  return {
    heading: '',
    isTogether: true,
    sentences: listed.map((word, i) => `${i + 1}. ${word}`),
    conversations: [
      question(
        'common-words',
        'What are the 3 most common words in the above list?',
        `${join(answer)}.`,
        answer,
      ),
    ],
  };
}

/** `a`, `a and b`, `a, b and c`. */
export function join(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`;
}

function variableNames(random: Random, count: number): string[] {
  const letters = Array.from('ABCDEFGHJKLMNPQRSTUVWXYZ');
  const names = new Set<string>();
  while (names.size < count) names.add(Array.from({ length: 4 }, () => random.pick(letters)).join(''));
  return [...names];
}

const magic = (key: string, value: string) =>
  fill('One of the special magic numbers for KEY is: VALUE.', key, value);

function fill(pattern: string, key: string, value = ''): string {
  return capital(pattern.replace('KEY', key).replace('VALUE', value));
}

function question(
  task: Conversation[number]['task'],
  asked: string,
  answer: string,
  fields?: readonly string[],
): Conversation {
  return [{ task, question: asked, answer, ...(fields && { fields }) }];
}

function scattered(sentences: readonly string[], conversations: readonly Conversation[]): Section {
  return { heading: '', isTogether: false, sentences, conversations };
}
